/** The board in the page: its lanes, its words, and how parts of it are drawn anew. */
export const board = document.querySelector("[data-board]");
export const lanes = board.querySelector("[data-lanes]");
const words = JSON.parse(document.getElementById("board-words").textContent);
const csrf = board.querySelector("[name=csrfmiddlewaretoken]").value;

/** The sentence of that name, its {…} filled in. */
export function say(name, values = {}) {
  return words[name].replace(/\{(\w+)\}/g, (_all, key) => values[key] ?? "");
}

/** For screen readers, and in a line above the lanes. */
export function announce(text) {
  board.querySelector("[data-said]").textContent = text;
}

export function alertWith(lines) {
  const place = board.querySelector("[data-alert]");
  place.replaceChildren(...lines.map((line) => Object.assign(document.createElement("p"), { textContent: line })));
  place.hidden = lines.length === 0;
}

export const span = () => ({ view: board.dataset.view, on: board.dataset.on, technician: board.dataset.technician });
export const side = () => board.querySelector("[data-side]");
export const cells = () => [...lanes.querySelectorAll("[data-lane]")];
export const cellOf = (lane) => lanes.querySelector(`[data-lane="${lane}"]`);
export const blockOf = (visit) => board.querySelector(`[data-visit="${visit}"]`);
export const half = (cell, window) => cell.querySelector(`[data-window="${window}"] .stops`);

/** The stops of a list without the visit that is in hand. */
export function stopsOf(list, visit) {
  return [...list.children].filter((each) => each.dataset.visit && each.dataset.visit !== visit);
}

export function nameOf(cell) {
  return cell.closest("tr").querySelector("[data-name]").textContent;
}

export function dayOf(cell) {
  return cell.querySelector(".cell-day").textContent;
}

/** What the dispatcher sees of these lanes, as the server asks for it. */
export function seen(visit, lane) {
  const block = blockOf(visit);
  const own = block?.closest("[data-lane]");
  const rows = [own, lane && cellOf(lane)].filter(Boolean);
  const found = new Set(rows.map((cell) => `${cell.dataset.lane}:${cell.dataset.version}`));
  if (!own && block?.dataset.stands) found.add(block.dataset.stands);
  return [...found];
}

/** The lanes and the side that came from the server take the places of the old ones. Gives the lanes. */
export function redraw(parts) {
  const drawn = Object.entries(parts.lanes ?? {}).map(([name, html]) => {
    const cell = element(html);
    cellOf(name)?.replaceWith(cell);
    return cell;
  });
  if (parts.side) {
    const scrolled = side().querySelector(".side-list").scrollTop;
    const found = side().querySelector("#side-find").value;
    side().replaceWith(element(parts.side));
    side().querySelector(".side-list").scrollTop = scrolled;
    side().querySelector("#side-find").value = found;
  }
  if (parts.untold) board.querySelector("[data-untold]").textContent = parts.untold;
  board.dispatchEvent(new CustomEvent("board:redrawn"));
  return drawn;
}

function element(html) {
  const template = document.createElement("template");
  template.innerHTML = html.trim();
  return template.content.firstElementChild;
}

/** `{ok, status, data}`; status 0: no answer, 401: signed out. Never throws. */
export async function ask(address, body) {
  const options = { headers: { Accept: "application/json", "X-CSRFToken": csrf }, redirect: "manual" };
  if (body) {
    options.method = "POST";
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify({ ...body, span: span(), side: side().dataset.token });
  }
  try {
    const response = await fetch(address, options);
    if (response.type === "opaqueredirect") return { ok: false, status: 401, data: { detail: say("signed_out") } };
    const isJson = response.headers.get("Content-Type")?.includes("json");
    const data = isJson ? await response.json() : {};
    if (!response.ok && !data.detail) data.detail = say("no_answer");
    return { ok: response.ok, status: response.status, data };
  } catch {
    return { ok: false, status: 0, data: { detail: say("no_answer") } };
  }
}
