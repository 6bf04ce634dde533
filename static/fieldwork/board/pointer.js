/** Moving a visit by dragging: with a mouse from anywhere on its block, with a finger by its grip. */
import { aim, drop, holds, letGo, take } from "./hand.js";
import { board, lanes, stopsOf } from "./page.js";

const FAR_ENOUGH = 6; // pixels, before which it is a click
const EDGE = 48; // pixels from the edge within which lanes and page scroll
const PACE = 14; // pixels a frame

let drag = null; // {block, x, y, began, ghost, frame}

function down(event) {
  const block = event.target.closest("[data-visit][data-movable]");
  const grip = event.target.closest("[data-grip]");
  if (!block || event.button !== 0 || (event.pointerType !== "mouse" && !grip)) return;
  drag = { block, id: event.pointerId, x: event.clientX, y: event.clientY, began: false };
}

function move(event) {
  if (!drag || event.pointerId !== drag.id) return;
  const far = Math.hypot(event.clientX - drag.x, event.clientY - drag.y) > FAR_ENOUGH;
  if (!drag.began && !far) return;
  if (!drag.began && !begin()) return;
  event.preventDefault();
  drag.at = { x: event.clientX, y: event.clientY };
  follow();
}

function begin() {
  if (!take(drag.block, "pointer")) {
    drag = null;
    return false;
  }
  drag.began = true;
  board.setPointerCapture(drag.id);
  const flying = document.createElement("div");
  flying.className = "block-flying";
  flying.textContent = drag.block.dataset.number;
  document.body.append(flying);
  drag.flying = flying;
  drag.frame = requestAnimationFrame(scroll);
  return true;
}

function follow() {
  const { x, y } = drag.at;
  drag.flying.style.transform = `translate(${x + 10}px, ${y + 10}px)`;
  aim(targetAt(x, y));
}

function targetAt(x, y) {
  const under = document.elementFromPoint(x, y);
  if (under?.closest("[data-side]")) return { side: true };
  const cell = under?.closest("[data-lane]");
  if (!cell || cell.hasAttribute("data-past")) return null;
  const area = under.closest("[data-window]") ?? nearest(cell, y);
  const stops = stopsOf(area.querySelector(".stops"), holds()?.visit);
  const flows = getComputedStyle(area.querySelector(".stops")).flexDirection === "row";
  const after = stops.findIndex((each) => isBefore(each.getBoundingClientRect(), x, y, flows));
  return { lane: cell.dataset.lane, window: area.dataset.window, index: after < 0 ? stops.length : after };
}

function isBefore(box, x, y, flows) {
  if (!flows) return y < box.top + box.height / 2;
  return y < box.top || (y < box.bottom && x < box.left + box.width / 2);
}

function nearest(cell, y) {
  const areas = [...cell.querySelectorAll("[data-window]")];
  return areas.find((each) => y < each.getBoundingClientRect().bottom) ?? areas.at(-1);
}

/** While the pointer stays near an edge, what lies behind it comes into view. */
function scroll() {
  if (!drag?.began) return;
  if (drag.at) {
    const { x, y } = drag.at;
    const box = lanes.getBoundingClientRect();
    lanes.scrollBy(pull(x, box.left, box.right), pull(y, box.top, box.bottom));
    window.scrollBy(0, pull(y, 0, window.innerHeight));
    follow();
  }
  drag.frame = requestAnimationFrame(scroll);
}

function pull(at, start, end) {
  if (at < start || at > end) return 0;
  if (at < start + EDGE) return -PACE;
  return at > end - EDGE ? PACE : 0;
}

function up(event) {
  if (!drag || event.pointerId !== drag.id) return;
  const { began } = drag;
  finish();
  if (!began) return;
  window.addEventListener("click", swallow, { capture: true, once: true });
  setTimeout(() => window.removeEventListener("click", swallow, { capture: true }), 0);
  if (event.type === "pointerup" && holds()?.target) drop();
  else letGo();
}

/** The click that ends a drag opens no page. */
function swallow(event) {
  event.preventDefault();
  event.stopPropagation();
}

function finish() {
  cancelAnimationFrame(drag.frame);
  drag.flying?.remove();
  drag = null;
}

export function listen() {
  board.addEventListener("pointerdown", down);
  board.addEventListener("pointermove", move);
  board.addEventListener("pointerup", up);
  board.addEventListener("pointercancel", up);
  board.addEventListener("dragstart", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => event.key === "Escape" && drag && finish());
}
