/** The dispatcher's board: what makes the page live. Without it the page's links and forms do the same. */
import { holds, refresh } from "./hand.js";
import * as keys from "./keys.js";
import { announce, board, dayOf, nameOf, say, side } from "./page.js";
import * as pointer from "./pointer.js";

const LOOK_EVERY = 8000; // milliseconds
const LANES_NAMED = 3;
const narrow = window.matchMedia("(max-width: 767px)");

board.classList.add("has-script");
keys.listen();
pointer.listen();

// What others change shows by itself.

async function look() {
  if (!document.hidden && !holds()?.busy) {
    const drawn = await refresh();
    if (drawn?.length && !holds()) announce(say("refreshed", { lanes: named(drawn) }));
  }
  setTimeout(look, LOOK_EVERY);
}

function named(drawn) {
  const names = drawn.slice(0, LANES_NAMED).map((cell) => `${nameOf(cell)}, ${dayOf(cell)}`);
  return names.join("; ") + (drawn.length > LANES_NAMED ? " …" : "");
}

setTimeout(look, LOOK_EVERY);

// The side: only what holds the words typed.

function find() {
  const words = side().querySelector("#side-find").value.toLowerCase().split(/\s+/).filter(Boolean);
  side().querySelectorAll("[data-visit]").forEach((block) => {
    const text = block.textContent.toLowerCase();
    block.hidden = !words.every((word) => text.includes(word));
  });
}

function prepare() {
  side().querySelector("[data-find]").hidden = false;
  find();
}

board.addEventListener("input", (event) => event.target.id === "side-find" && find());
board.addEventListener("board:redrawn", prepare);
prepare();

// On a phone one lane at a time.

const one = board.querySelector("#board-one");

function showLanes() {
  board.querySelector("[data-one]").hidden = !narrow.matches || one.options.length < 2;
  board.querySelectorAll("tr[data-technician]").forEach((row) => {
    row.hidden = narrow.matches && row.dataset.technician !== one.value;
  });
}

one.addEventListener("change", showLanes);
narrow.addEventListener("change", showLanes);
if (board.dataset.technician) one.value = board.dataset.technician;
showLanes();

import("./map.js").then((map) => map.start());
