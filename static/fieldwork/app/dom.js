// Elements without a template language: h("p", { class: "lead" }, "text", child).
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return element;
}

export const button = (words, onclick, kind = "") => h("button", { type: "button", class: `button ${kind}`.trim(), onclick }, words);
export const link = (words, href, kind = "", more = {}) => h("a", { class: `button ${kind}`.trim(), href, ...more }, words);

// What the thumb reaches: it stays at the lower edge of the screen.
export const bar = (...children) => h("div", { class: "bar" }, ...children);

export const notice = (kind, ...children) => h("div", { class: `notice notice--${kind}`, role: kind === "error" ? "alert" : null }, ...children);

const SVG = "http://www.w3.org/2000/svg";
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export function announce(words) {
  document.querySelector("[data-announce]").textContent = words;
}
