/** Moving a visit by keys, or by single clicks: pick up, say where, place. */
import { aim, drop, holds, keys, letGo, take } from "./hand.js";
import { board, cellOf, half, stopsOf } from "./page.js";

const WINDOWS = ["morning", "afternoon"];

function rows() {
  return [...board.querySelectorAll("tr[data-technician]:not([hidden])")];
}

function openCells(row) {
  return [...row.querySelectorAll("[data-lane]:not([data-past])")];
}

/** All places of one row in the order of time: each stop of each half of each day. */
function places(row) {
  return openCells(row).flatMap((cell) =>
    WINDOWS.flatMap((window) => {
      const count = stopsOf(half(cell, window), holds().visit).length;
      return Array.from({ length: count + 1 }, (_each, index) => ({ lane: cell.dataset.lane, window, index }));
    }),
  );
}

function current() {
  const { target } = holds();
  return target && !target.side ? target : null;
}

function step(by) {
  const here = current();
  if (!here) return first();
  const all = places(cellOf(here.lane).closest("tr"));
  const at = all.findIndex((each) => each.lane === here.lane && each.window === here.window && each.index === here.index);
  return all[at + by] ?? here;
}

function first() {
  const row = rows().find((each) => openCells(each).length);
  return row ? places(row)[0] : { side: true };
}

function otherRow(by) {
  const here = current();
  if (!here) return first();
  const cell = cellOf(here.lane);
  const all = rows();
  const row = all[all.indexOf(cell.closest("tr")) + by];
  return row ? last(row.cells[cell.cellIndex], here.window) : here;
}

function otherDay(by) {
  const here = current();
  if (!here) return first();
  const all = openCells(cellOf(here.lane).closest("tr"));
  const cell = all[all.indexOf(cellOf(here.lane)) + by];
  return cell ? last(cell, here.window) : here;
}

function last(cell, window) {
  return { lane: cell.dataset.lane, window, index: stopsOf(half(cell, window), holds().visit).length };
}

function inWindow(window) {
  const here = current();
  return here ? last(cellOf(here.lane), window) : first();
}

const STEPS = {
  ArrowLeft: () => step(-1),
  ArrowRight: () => step(1),
  ArrowUp: () => otherRow(-1),
  ArrowDown: () => otherRow(1),
  PageUp: () => otherDay(-1),
  PageDown: () => otherDay(1),
  m: () => inWindow("morning"),
  a: () => inWindow("afternoon"),
  Delete: () => ({ side: true }),
  Backspace: () => ({ side: true }),
};

function pressed(event) {
  if (!holds() || event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (key === "Enter" || key === " ") drop();
  else if (STEPS[key]) aim(STEPS[key]());
  else return;
  event.preventDefault();
}

/** A click into half a day aims there, while a visit is held and nothing is dragged. */
function clicked(event) {
  const grip = event.target.closest("[data-grip]");
  if (grip) {
    take(grip.closest("[data-visit]"), "keys");
    return;
  }
  const list = event.target.closest("[data-window]");
  const cell = event.target.closest("[data-lane]");
  if (!holds() || !list || !cell || event.target.closest("a") || cell.hasAttribute("data-past")) return;
  aim(last(cell, list.dataset.window));
}

export function listen() {
  keys.addEventListener("keydown", pressed);
  board.addEventListener("click", clicked);
  document.addEventListener("keydown", (event) => event.key === "Escape" && holds() && letGo());
  board.querySelector("[data-hand-place]").addEventListener("click", drop);
  board.querySelector("[data-hand-cancel]").addEventListener("click", letGo);
  board.querySelector("[data-hand-side]").addEventListener("click", () => {
    aim({ side: true });
    drop();
  });
}
