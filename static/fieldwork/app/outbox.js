// What waits to be sent, and how it goes: one sender at a time on this phone, one thing after the other, each safe
// to repeat. Nothing here draws anything; `watch` tells what is going on.
//
// A report is a draft, then "frozen" (never changed again: fault 55), "sending", and gone once the server has
// acknowledged it. "problem": the server will not have it as it is; a person decides.
import { ask, Offline, SignedOut, who } from "./api.js";
import { all, change, forget, get, photosOf, remove } from "./db.js";

const LOCK = "msa-outbox";
const CHUNK = 192 * 1024;
const ROUNDS = 3; // how often a photo, or a report that lacks photos, is begun anew in one go
const FIRST_WAIT = 5_000;
const LONGEST_WAIT = 5 * 60_000;

// Something is wrong at the server's end, or on the way: the same again later.
class Busy extends Error {}

const heard = globalThis.BroadcastChannel ? new BroadcastChannel("msa-outbox") : null;
const watchers = new Set();
export const status = { state: "idle", at: 0, of: 0, retryAt: null };
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

// A row changed elsewhere (a draft was frozen, an act added): whoever shows the outbox looks again.
export const changed = () => tell();

export const isWaiting = (report) => report.state === "frozen" || report.state === "sending";

export async function contents() {
  const [reports, acts] = await Promise.all([all("reports"), all("acts")]);
  const waiting = reports.filter(isWaiting).sort((one, other) => one.frozen_at.localeCompare(other.frozen_at));
  const photos = (await Promise.all(waiting.map((report) => photosOf(report.id)))).flat().filter((photo) => !photo.sent);
  return {
    drafts: reports.filter((report) => report.state === "draft"),
    problems: reports.filter((report) => report.state === "problem"),
    waiting, photos: photos.length,
    acts: acts.filter((act) => !act.problem), refused: acts.filter((act) => act.problem),
  };
}

// Sends all that waits. Says whether it ran: another tab, or the worker, may be at it.
export async function send() {
  clearTimeout(timer);
  if (!globalThis.navigator.locks) return attempt();
  return navigator.locks.request(LOCK, { ifAvailable: true }, (lock) => (lock ? attempt() : false));
}

async function attempt() {
  try {
    for (let box = await contents(); box.acts.length + box.waiting.length; box = await contents()) {
      if (!(await sendOnce(box))) return true;
    }
    failures = 0;
    now("idle", { at: 0, of: 0 });
  } catch (error) {
    stopped(error);
  }
  return true;
}

// All that is this technician's. False where nothing is: another technician's forms wait for their own sign-in.
async function sendOnce(box) {
  now("sending", { at: 0, of: box.acts.length + box.photos + box.waiting.length });
  const me = await who();
  const isMine = (row) => row.technician === me.technician.id;
  if (![...box.acts, ...box.waiting].some(isMine)) {
    now("others", { at: 0, of: 0 });
    return false;
  }
  for (const act of box.acts.filter(isMine)) await sendAct(act, me);
  for (const report of box.waiting.filter(isMine)) await sendReport(report, me);
  return true;
}

function stopped(error) {
  if (error instanceof SignedOut) {
    now("signed_out", { at: 0, of: 0 });
    return;
  }
  if (!(error instanceof Offline || error instanceof Busy)) {
    now("busy", { at: 0, of: 0 });
    again();
    throw error;
  }
  now(error instanceof Offline ? "offline" : "busy", { at: 0, of: 0 });
  again();
}

// Ever longer waits, each by chance up to half longer or shorter: many phones come back at the same moment.
function again() {
  const wait = Math.min(FIRST_WAIT * 2 ** failures, LONGEST_WAIT) * (0.5 + Math.random());
  failures += 1;
  status.retryAt = Date.now() + wait;
  timer = setTimeout(send, wait);
  tell();
}

const step = () => now("sending", { at: Math.min(status.at + 1, status.of) });

async function write(path, me, options) {
  const answer = await ask(path, { ...options, csrf: me.csrf });
  if (answer.status === 403 && !answer.body.code) {
    Object.assign(me, await who()); // the token is of an earlier session
    return ask(path, { ...options, csrf: me.csrf });
  }
  return answer;
}

const isPassing = (answer) => answer.status >= 500 || answer.status === 403 || answer.status === 408 || answer.status === 429;

async function sendAct(act, me) {
  step();
  const answer = await write(`visits/${act.visit}/${act.kind}/`, me, { method: "POST", json: { at: act.at } });
  if (isPassing(answer)) throw new Busy(String(answer.status));
  if (answer.status === 200) await acted(act, answer.body);
  else await change("acts", act.key, (row) => { row.problem = answer.body.detail ?? String(answer.status); });
}

async function acted(act, body) {
  await remove("acts", act.key);
  await change("days", act.on, (day) => {
    const visit = day.visits.find((each) => each.id === act.visit);
    if (!visit) return;
    Object.assign(visit, { state: body.state ?? visit.state, expected_at: body.expected_at ?? visit.expected_at });
    if (act.kind === "on-my-way") visit.on_the_way_at = act.at;
  });
}

async function sendReport(report, me) {
  await change("reports", report.id, (row) => { row.state = "sending"; });
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const photo of await photosOf(report.id)) if (!photo.sent) await sendPhoto(report, photo, me);
    step();
    const json = { ...report.body, device_time: new Date().toISOString(), via: "outbox" };
    const answer = await write(`reports/${report.id}/`, me, { method: "PUT", json, seconds: 60 });
    if (answer.status === 200) return acknowledged(report, answer.body);
    if (isPassing(answer)) throw new Busy(String(answer.status));
    if (answer.body.code !== "photos_missing") return refused(report, answer);
    for (const sha256 of answer.body.missing) await change("photos", [report.id, sha256], (row) => { row.sent = false; });
  }
  return refused(report, { status: 409, body: { code: "photos_missing" } });
}

async function acknowledged(report, answer) {
  const { visit, on, label, body } = report;
  await forget(report.id, { visit, on, label, outcome: body.outcome, reasons: body.reasons, answer, received_at: new Date().toISOString() });
  await change("days", on, (day) => {
    const row = day.visits.find((each) => each.id === visit);
    if (row && answer.accepted) Object.assign(row, { state: "closed", report: { outcome: body.outcome, received_at: new Date().toISOString() } });
  });
  tell();
}

// Kept as it is, with what the server said of it. Nothing is dropped.
async function refused(report, { status: code, body }) {
  const problem = { code: body.code ?? String(code), detail: body.detail ?? "", errors: body.errors ?? {} };
  await change("reports", report.id, (row) => Object.assign(row, { state: "problem", problem }));
  tell();
}

async function sendPhoto(report, photo, me) {
  step();
  const path = `reports/${report.id}/photos/`;
  const announced = { visit: report.visit, sha256: photo.sha256, size: photo.size };
  for (let round = 0; round < ROUNDS; round += 1) {
    const begun = await write(path, me, { method: "POST", json: announced });
    if (isPassing(begun)) throw new Busy(String(begun.status));
    if (begun.status > 201) return; // the report's own answer will say what is wrong
    if (await sendChunks(`${path}${photo.sha256}/`, photo, begun.body.received, me)) {
      await change("photos", [report.id, photo.sha256], (row) => { row.sent = true; });
      return;
    }
  }
}

// From where the server says that it is (fault 55). False where it has to begin anew.
async function sendChunks(path, photo, received, me) {
  let at = received;
  while (at < photo.size) {
    const bytes = photo.data.slice(at, at + CHUNK);
    const answer = await write(path, me, { method: "PATCH", bytes, headers: { "Upload-Offset": String(at) }, seconds: 60 });
    if (isPassing(answer)) throw new Busy(String(answer.status));
    const moved = answer.status === 200 || answer.body.code === "offset";
    if (!moved) return false;
    at = answer.body.received;
  }
  return true;
}

// A person wants it tried again as it is.
export async function retry(id) {
  await change("reports", id, (row) => { row.state = "frozen"; delete row.problem; });
  tell();
  return send();
}

export async function waitsFor(visit) {
  const reports = await all("reports");
  return reports.find((report) => report.visit === visit && report.state !== "draft") ?? (await get("done", visit)) ?? null;
}
