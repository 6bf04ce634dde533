// The portal's time on this phone (clock.js), kept from one start of the app to the next.
import { clock } from "./clock.js";
import { keep, setting } from "./db.js";

const SELDOM = 60_000;
const KEPT = "clock";
const portal = clock({ wall: () => Date.now(), steady: () => performance.now() });
let keptAt = -Infinity;

export const now = () => portal.now();
export const stamp = () => new Date(now()).toISOString();

export async function start() {
  const kept = await setting(KEPT);
  if (kept) portal.restore(kept);
  setInterval(remember, SELDOM); // a clock that is set while the app is open is seen here
}

// Kept every minute at most. A phone without room for it goes on without.
export async function remember({ always = false } = {}) {
  if (!always && performance.now() - keptAt < SELDOM) return;
  keptAt = performance.now();
  const kept = portal.kept();
  if (kept) await keep(KEPT, kept).catch(() => {});
}

export function learn(at) {
  const moment = Date.parse(at);
  if (Number.isNaN(moment)) return;
  portal.learn(moment);
  remember();
}
