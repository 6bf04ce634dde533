// What waits to be sent, on this phone: one sender at a time, in whichever tab or in the service worker, where it is
// when (sender.js is how). Nothing here draws anything; `watch` tells what is going on.
import { ask, Busy, Offline, said, SignedOut, Unreachable, who } from "./api.js";
import * as db from "./db.js";
import { link, sender } from "./sender.js";
import { shelf } from "./shelf.js";
import { now as portalTime, stamp, start } from "./time.js";

const LOCK = "msa-outbox";
const FIRST_WAIT = 5_000;
const LONGEST_WAIT = 5 * 60_000;
const SOON = 3_000;

const heard = globalThis.BroadcastChannel ? new BroadcastChannel("msa-outbox") : null;
const watchers = new Set();
export const status = { state: "idle", at: 0, of: 0, retryAt: null };
const chunks = link();
let failures = 0;
let timer = null;

heard?.addEventListener("message", ({ data }) => { Object.assign(status, data); tell(false); });

function tell(others = true) {
  for (const watcher of watchers) watcher(status);
  if (others) heard?.postMessage({ ...status });
}

export function watch(watcher) {
  watchers.add(watcher);
  watcher(status);
}

function now(state, more = {}) {
  Object.assign(status, { state, retryAt: null }, more);
  tell();
}

// A row changed elsewhere (a draft was frozen, an act added): whatever shows the outbox looks again.
export const changed = () => tell();

const kept = shelf(db, { tell, stamp, said: (words) => { said.unsent = words; } });
export const { mine, contents } = kept;

// Sends all that waits. Says whether it ran: another tab, or the service worker, may be at it. `inTurn` waits for it.
export async function send({ inTurn = false } = {}) {
  clearTimeout(timer);
  if (!globalThis.navigator.locks) return attempt();
  const ran = await navigator.locks.request(LOCK, { ifAvailable: !inTurn }, (lock) => (lock ? attempt() : false));
  if (!ran) timer = setTimeout(send, SOON); // what was added just now may have been missed by the one that is at it
  return ran;
}

// With the app closed: raises where something still waits, so that the browser calls again.
export async function sendInBackground() {
  await start();
  await send({ inTurn: true });
  const box = await contents();
  if (box.waiting.length + box.acts.length) throw new Error("something still waits");
}

async function attempt() {
  const box = await contents();
  await kept.count(box);
  const early = (await Promise.all(box.drafts.map((draft) => db.photosOf(draft.id)))).flat().filter((photo) => !photo.sent).length;
  const work = box.acts.length + box.waiting.length;
  if (!work && !early) {
    now("idle", { at: 0, of: 0 });
    return true;
  }
  now("sending", { at: 0, of: work ? box.acts.length + box.photos + box.waiting.length : 0 });
  const going = sender({
    store: kept, ask, who, chunks,
    pause: (ms) => new Promise((resolve) => { setTimeout(resolve, ms); }),
    random: Math.random, elapsed: () => performance.now(), time: portalTime, isOnline: () => navigator.onLine,
    tell: {
      step: () => now("sending", { at: Math.min(status.at + 1, status.of) }),
      halts: (error) => now(stateOf(error)), // it is tried again in a few seconds
      goesOn: () => now("sending"),
    },
  });
  try {
    await going.sendAll();
    failures = 0;
    if (work) await lastWord();
    now("idle", { at: 0, of: 0 });
  } catch (error) {
    if (going.progress) failures = 0;
    stopped(error);
  }
  return true;
}

// That nothing waits any longer is told too. Where it does not get through, the next contact tells it.
async function lastWord() {
  await kept.count(await contents());
  try {
    await who();
  } catch (error) {
    if (!(error instanceof Offline || error instanceof SignedOut || error instanceof Busy)) throw error;
  }
}

function stateOf(error) {
  if (db.isFull(error)) return "full";
  if (error instanceof SignedOut) return "signed_out";
  if (error instanceof Unreachable) return "foreign";
  return error instanceof Offline ? "offline" : "busy";
}

function stopped(error) {
  const state = stateOf(error);
  now(state, { at: 0, of: 0 });
  if (state !== "signed_out") again(error.seconds ?? 0);
  if (state === "full" || (state === "busy" && !(error instanceof Busy))) throw error;
}

// Ever longer waits while nothing moves, each by chance up to half longer or shorter: many phones come back at the
// same moment. Never sooner than the portal asks for.
function again(seconds) {
  const wait = Math.max(Math.min(FIRST_WAIT * 2 ** failures, LONGEST_WAIT) * (0.5 + Math.random()), seconds * 1000);
  failures += 1;
  status.retryAt = portalTime() + wait;
  timer = setTimeout(send, wait);
  tell();
}

// A person wants it tried again as it is.
export async function retry(id) {
  await db.change("reports", id, (row) => { row.state = "frozen"; delete row.problem; });
  tell();
  return send();
}

// The report of a visit, as it waits, or what came of it.
export async function waitsFor(visit) {
  const { reports } = await mine();
  return reports.find((report) => report.visit === visit && report.state !== "draft") ?? (await db.get("done", visit)) ?? null;
}
