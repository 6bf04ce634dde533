/** The visit that the dispatcher holds: where it would go, what that costs, and putting it there. */
import { alertWith, announce, ask, blockOf, board, cellOf, cells, dayOf, half, nameOf, redraw, say, seen, stopsOf } from "./page.js";

const PREVIEW_AFTER = 180; // milliseconds without another move
const panel = board.querySelector("[data-hand]");
const keys = board.querySelector("[data-hand-keys]");
const where = board.querySelector("[data-hand-where]");
const cost = board.querySelector("[data-hand-cost]");
const place = board.querySelector("[data-hand-place]");

let held = null; // {visit, number, by, target: {lane, window, index} | {side: true} | null, busy}
let asked = 0;
let timer = 0;
const ghost = Object.assign(document.createElement("li"), { className: "block-ghost" });

export const holds = () => held;
export { keys };

/** `by`: "keys" for whoever steers with keys or single clicks, "pointer" for a drag. */
export function take(block, by) {
  if (held) letGo();
  alertWith([]);
  if (!block.hasAttribute("data-movable")) {
    announce(say("not_movable", { visit: block.dataset.number, state: block.dataset.state }));
    return false;
  }
  held = { visit: block.dataset.visit, number: block.dataset.number, by, target: null, busy: false };
  board.querySelector("[data-hand-title]").textContent = block.dataset.number;
  board.classList.add("is-holding");
  board.classList.toggle("is-dragging", by === "pointer");
  panel.hidden = false;
  mark();
  if (by === "keys") {
    aim(standing(block));
    keys.focus();
    announce(say("picked_up", { visit: held.number }));
  }
  return true;
}

/** Where the block stands; for one at the side, last in the first lane that is shown and not past. */
function standing(block) {
  const cell = block.closest("[data-lane]");
  if (cell && !cell.hasAttribute("data-past")) {
    const list = block.parentElement;
    return { lane: cell.dataset.lane, window: list.closest("[data-window]").dataset.window, index: [...list.children].indexOf(block) };
  }
  const first = cells().find((each) => !each.hasAttribute("data-past") && !each.closest("tr").hidden);
  return first ? { lane: first.dataset.lane, window: "morning", index: stopsOf(half(first, "morning"), held.visit).length } : { side: true };
}

/** Shows the place, says it, and asks what it costs. */
export function aim(target) {
  if (!held || held.busy || same(target, held.target)) return;
  held.target = target;
  draw();
  clearTimeout(timer);
  cost.replaceChildren();
  if (!target) return;
  if (!target.side) {
    cost.textContent = say("asking");
    timer = setTimeout(preview, PREVIEW_AFTER);
  }
}

function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

function mark() {
  blockOf(held.visit)?.classList.add("is-held");
}

/** The ghost in its place; the lane may have changed since, so the index is held within it. */
function draw() {
  ghost.remove();
  board.querySelectorAll(".is-target").forEach((each) => each.classList.remove("is-target"));
  const { target } = held;
  place.disabled = !target;
  if (!target) {
    where.textContent = "";
    return;
  }
  if (target.side) {
    board.querySelector("[data-side]").classList.add("is-target");
    tell(say("here_side"));
    return;
  }
  const cell = cellOf(target.lane);
  const list = half(cell, target.window);
  const stops = stopsOf(list, held.visit);
  target.index = Math.min(target.index, stops.length);
  list.insertBefore(ghost, stops[target.index] ?? null);
  cell.classList.add("is-target");
  if (held.by === "keys") ghost.scrollIntoView({ block: "center", inline: "nearest" });
  const window = list.closest("[data-window]").querySelector(".half-title").textContent.toLowerCase();
  const count = countOf(cell) + 1;
  tell(say("here", { technician: nameOf(cell), day: dayOf(cell), window, position: positionOf(target), count }));
}

function tell(text) {
  where.textContent = text;
  if (held.by === "keys") announce(text);
}

function countOf(cell) {
  return ["morning", "afternoon"].reduce((sum, name) => sum + stopsOf(half(cell, name), held.visit).length, 0);
}

/** As the server counts: from 1, the morning's stops first. */
function positionOf({ lane, window, index }) {
  const before = window === "afternoon" ? stopsOf(half(cellOf(lane), "morning"), held.visit).length : 0;
  return before + index + 1;
}

function wish() {
  const [technician, on] = held.target.lane.split(":");
  return { visit: held.visit, technician, on, window: held.target.window, position: positionOf(held.target) };
}

async function preview() {
  asked += 1;
  const mine = asked;
  const answer = await ask(`${board.dataset.preview}?${new URLSearchParams(wish())}`);
  if (mine !== asked || !held || held.busy) return;
  if (!answer.ok) {
    cost.textContent = answer.data.detail;
    return;
  }
  const { drive, breaks, later } = answer.data;
  const lines = [line("p", drive)];
  if (breaks.length) lines.push(line("p", say("breaks"), "hand-breaks"), list(breaks, "hand-breaks"));
  else lines.push(line("p", say("keeps_rules")));
  if (later.length) lines.push(list(later));
  cost.replaceChildren(...lines);
}

function line(tag, text, className = "") {
  return Object.assign(document.createElement(tag), { textContent: text, className });
}

function list(texts, className = "") {
  const items = line("ul", "", className);
  items.append(...texts.map((text) => line("li", text)));
  return items;
}

/** Puts the visit where it is aimed at. What is refused stays in hand. */
export async function drop() {
  if (!held?.target || held.busy) return;
  const { target, visit } = held;
  held.busy = true;
  clearTimeout(timer);
  announce(say("dropped"));
  const body = target.side ? { visit } : wish();
  const answer = await ask(target.side ? board.dataset.unplace : board.dataset.place, { ...body, seen: seen(visit, target.lane) });
  held.busy = false;
  if (answer.ok) placed(answer.data);
  else await refused(answer);
}

function placed(data) {
  const { visit, by } = held;
  end();
  redraw(data);
  announce([data.said, ...data.breaks].join(" "));
  const block = blockOf(visit);
  block?.classList.add("is-new");
  if (by === "keys") block?.querySelector("[data-grip]")?.focus();
}

/** Somebody was faster, or it cannot be: the board is drawn as it is now, the move stays in hand. */
async function refused({ status, data }) {
  alertWith([data.detail]);
  if (status === 409) await refresh();
  if (!held) return;
  if (!blockOf(held.visit)?.hasAttribute("data-movable")) {
    alertWith([data.detail, say("gone", { visit: held.number })]);
    end();
    return;
  }
  held.by = "keys";
  board.classList.remove("is-dragging");
  if (status === 409) alertWith([data.detail, say("still_held", { visit: held.number })]);
  const { target } = held;
  held.target = null;
  aim(target);
  place.focus();
}

export function letGo() {
  if (!held || held.busy) return;
  const { visit, number, by } = held;
  end();
  announce(say("let_go", { visit: number }));
  if (by === "keys") blockOf(visit)?.querySelector("[data-grip]")?.focus();
}

function end() {
  blockOf(held.visit)?.classList.remove("is-held");
  held = null;
  asked += 1;
  clearTimeout(timer);
  ghost.remove();
  board.querySelectorAll(".is-target").forEach((each) => each.classList.remove("is-target"));
  board.classList.remove("is-holding", "is-dragging");
  panel.hidden = true;
  cost.replaceChildren();
}

/** What others changed. Gives the lanes that were drawn anew; null where the portal did not answer. */
export async function refresh() {
  const tokens = Object.fromEntries(cells().map((cell) => [cell.dataset.lane, cell.dataset.token]));
  const answer = await ask(board.dataset.changes, { tokens });
  if (!answer.ok) return null;
  if (answer.status === 204) return [];
  const focused = document.activeElement?.closest("[data-visit]")?.dataset.visit;
  const drawn = redraw(answer.data);
  if (focused && !document.activeElement?.closest("[data-visit]")) blockOf(focused)?.querySelector("[data-grip], a")?.focus();
  return drawn;
}

board.addEventListener("board:redrawn", () => {
  if (!held) return;
  mark();
  if (held.target) draw();
});
