// Which screen the address names (#/visit/12), and putting it there.
import { h } from "./dom.js";

const routes = [];
const main = document.querySelector("main");
let shown = { hash: null, isForm: false, isLive: false };
let turn = 0;

// `screen(params)` gives { title, nodes, isForm, isLive }: live ones are drawn anew when the outbox changes.
export const route = (pattern, screen) => routes.push([new RegExp(`^${pattern}$`), screen]);

export const path = () => location.hash.slice(1) || "/";
export const isForm = () => shown.isForm;

export function go(to, { instead = false } = {}) {
  const hash = `#${to}`;
  if (instead) history.replaceState(null, "", hash);
  if (!instead && location.hash !== hash) location.hash = hash;
  else draw();
}

export async function draw({ quiet = false } = {}) {
  const mine = (turn += 1);
  const to = path();
  const [pattern, screen] = routes.find(([each]) => each.test(to)) ?? routes[0];
  const made = await screen(...(to.match(pattern)?.slice(1) ?? []));
  if (mine !== turn) return; // somebody went on meanwhile
  const isSame = shown.hash === to;
  const focus = quiet || isSame ? placeOfFocus() : null;
  shown = { hash: to, isForm: Boolean(made.isForm), isLive: Boolean(made.isLive) };
  document.title = `${made.title} · ${document.documentElement.dataset.name}`;
  main.replaceChildren(h("h1", { tabindex: "-1" }, made.title, made.under && h("small", {}, made.under)), ...made.nodes.filter(Boolean));
  document.body.classList.toggle("has-bar", Boolean(main.querySelector(".bar")));
  document.body.classList.toggle("is-flyer", Boolean(made.isFlyer));
  if (isSame) restoreFocus(focus);
  else {
    window.scrollTo(0, 0);
    main.querySelector("h1").focus({ preventScroll: true });
  }
  made.ready?.();
}

export function refresh() {
  if (shown.isLive) draw({ quiet: true });
}

const stops = () => [...main.querySelectorAll("a, button, input, textarea, [tabindex='0']")];

function placeOfFocus() {
  return main.contains(document.activeElement) ? stops().indexOf(document.activeElement) : -1;
}

// Something is being typed: a screen drawn now would take the field away.
export const isTyping = () => main.contains(document.activeElement) && document.activeElement.matches("input:not([type=file]), textarea");

function restoreFocus(place) {
  if (place !== null && place >= 0) stops()[place]?.focus({ preventScroll: true });
}
