// What waits to be sent, and how it goes: one sender at a time on this phone, one thing after the other, each safe
// to repeat. Nothing here draws anything; `watch` tells what is going on.
//
// A report is a draft, then "frozen", "sending" (from here on it never changes: fault 55), and gone once the server
// has acknowledged it. "problem": the server will not have it as it is; a person decides.
import { ask, Offline, SignedOut, who } from "./api.js";
import { all, change, forget, get, photosOf, remove, setting } from "./db.js";

const LOCK = "msa-outbox";
const CHUNK = 192 * 1024;
const LOOKS = 10; // how often, and
const LOOK_WAIT = 1_000; // after how long, a report whose photos are being checked is sent again in one go
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

const isWaiting = (report) => report.state === "frozen" || report.state === "sending";

// What is on this phone of the technician who is, or was last, signed in here. Of others only how much it is: a
// phone is handed on, and what one of them reported is not the next one's to read or to send (fault 58).
export async function mine() {
  const [reports, acts, me] = await Promise.all([all("reports"), all("acts"), setting("technician")]);
  const isMine = (row) => row.technician === me?.id;
  return { reports: reports.filter(isMine), acts: acts.filter(isMine), others: reports.filter((row) => !isMine(row)).length };
}

export async function contents() {
  const { reports, acts, others } = await mine();
  return { ...(await sorted(reports, acts)), others };
}

async function sorted(reports, acts) {
  const waiting = reports.filter(isWaiting).sort((one, other) => one.frozen_at.localeCompare(other.frozen_at));
  const photos = (await Promise.all(waiting.map((report) => photosOf(report.id)))).flat().filter((photo) => !photo.sent);
  return {
    drafts: reports.filter((report) => report.state === "draft"),
    problems: reports.filter((report) => report.state === "problem"),
    waiting, photos: photos.length,
    acts: acts.filter((act) => !act.problem), refused: acts.filter((act) => act.problem),
  };
}

// What may be sent now: what waits of the technician that the server says is signed in.
async function queueOf(technician) {
  const isTheirs = (row) => row.technician === technician.id;
  return sorted((await all("reports")).filter(isTheirs), (await all("acts")).filter(isTheirs));
}

// Sends all that waits. Says whether it ran: another tab may be at it.
export async function send() {
  clearTimeout(timer);
  if (!globalThis.navigator.locks) return attempt();
  return navigator.locks.request(LOCK, { ifAvailable: true }, (lock) => (lock ? attempt() : false));
}

async function attempt() {
  try {
    const box = await contents();
    if (box.acts.length + box.waiting.length) await sendAll();
    failures = 0;
    now("idle", { at: 0, of: 0 });
  } catch (error) {
    stopped(error);
  }
  return true;
}

async function sendAll() {
  now("sending", { at: 0, of: 0 });
  const me = await who();
  for (let box = await queueOf(me.technician); box.acts.length + box.waiting.length; box = await queueOf(me.technician)) {
    now("sending", { at: 0, of: box.acts.length + box.photos + box.waiting.length });
    for (const act of box.acts) await sendAct(act, me);
    for (const report of box.waiting) await sendReport(report, me);
  }
}

function stopped(error) {
  const state = error instanceof SignedOut ? "signed_out" : error instanceof Offline ? "offline" : "busy";
  now(state, { at: 0, of: 0 });
  if (state !== "signed_out") again();
  if (state === "busy" && !(error instanceof Busy)) throw error;
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
  if (answer.status !== 403) return answer;
  const fresh = await who(); // the token is of an earlier session
  if (fresh.technician.id !== me.technician.id) throw new SignedOut();
  me.csrf = fresh.csrf;
  return ask(path, { ...options, csrf: me.csrf });
}

async function writeNow(path, me, options) {
  return unlessBusy(await write(path, me, options));
}

function unlessBusy(answer) {
  if (answer.status >= 500 || [403, 408, 429].includes(answer.status)) throw new Busy(String(answer.status));
  return answer;
}

async function sendAct(act, me) {
  step();
  const answer = await writeNow(`visits/${act.visit}/${act.kind}/`, me, { method: "POST", json: { at: act.at } });
  if (answer.status === 200) await acted(act, answer.body);
  else await change("acts", act.key, (row) => { row.problem = answer.body.detail ?? String(answer.status); });
}

async function acted(act, body) {
  await remove("acts", act.key);
  await change("days", act.on, (day) => {
    const visit = [...day.visits, ...(day.overdue ?? [])].find((each) => each.id === act.visit);
    if (!visit) return;
    Object.assign(visit, { state: body.state ?? visit.state, expected_at: body.expected_at ?? visit.expected_at });
    if (act.kind === "on-my-way") visit.on_the_way_at = act.at;
  });
}

async function sendReport({ id }, me) {
  const report = await change("reports", id, (row) => { if (isWaiting(row)) row.state = "sending"; });
  if (report?.state !== "sending") return undefined; // opened again just now
  let answer = null;
  for (let round = 0; round < ROUNDS; round += 1) {
    const unwanted = await sendPhotos(report, me);
    if (unwanted) return refused(report, unwanted);
    step();
    answer = await sendWords(report, me);
    if (answer.status === 200) return acknowledged(report, answer.body);
    if (answer.body.code !== "photos_missing") return refused(report, answer);
    for (const sha256 of answer.body.missing) await change("photos", [id, sha256], (row) => { row.sent = false; });
  }
  return refused(report, answer);
}

// Inspectors open the photos first, which takes seconds. Where it takes longer, the whole is tried again later.
async function sendWords(report, me) {
  for (let look = 1; ; look += 1) {
    const answer = await write(`reports/${report.id}/`, me, { method: "PUT", json: report.body, seconds: 60 });
    if (answer.body.code !== "photos_waiting") return unlessBusy(answer);
    if (look === LOOKS) throw new Busy("photos are still being checked");
    await new Promise((resolve) => { setTimeout(resolve, LOOK_WAIT); });
  }
}

async function acknowledged(report, answer) {
  const { visit, on, label, body, technician } = report;
  const received_at = answer.received_at ?? new Date().toISOString();
  await forget(report.id, { visit, on, label, technician, outcome: body.outcome, reasons: body.reasons, answer, received_at });
  await change("days", on, (day) => {
    const row = [...day.visits, ...(day.overdue ?? [])].find((each) => each.id === visit);
    if (row && answer.accepted) Object.assign(row, { state: "closed", report: { outcome: body.outcome, received_at } });
  });
  tell();
}

// Kept as it is, with what the server said of it. Nothing is dropped.
async function refused(report, { status: code, body }) {
  const problem = { code: body.code ?? String(code), detail: body.detail ?? "", errors: body.errors ?? {} };
  await change("reports", report.id, (row) => Object.assign(row, { state: "problem", problem }));
  tell();
}

// One after the other. Gives the answer by which the server refused one, else null.
async function sendPhotos(report, me) {
  for (const photo of await photosOf(report.id)) {
    const unwanted = photo.sent ? null : await sendPhoto(report, photo, me);
    if (unwanted) return unwanted;
  }
  return null;
}

async function sendPhoto(report, photo, me) {
  step();
  const path = `reports/${report.id}/photos/`;
  const announced = { visit: report.visit, sha256: photo.sha256, size: photo.size };
  for (let round = 0; round < ROUNDS; round += 1) {
    const begun = await writeNow(path, me, { method: "POST", json: announced });
    if (begun.status > 201) return begun;
    if (await sendChunks(`${path}${photo.sha256}/`, photo, begun.body.received, me)) {
      await change("photos", [report.id, photo.sha256], (row) => { row.sent = true; });
      return null;
    }
  }
  throw new Busy("a photo does not arrive whole");
}

// From where the server says that it is (fault 55). False where it has to begin anew.
async function sendChunks(path, photo, received, me) {
  let at = received;
  while (at < photo.size) {
    const bytes = photo.data.slice(at, at + CHUNK);
    const answer = await writeNow(path, me, { method: "PATCH", bytes, headers: { "Upload-Offset": String(at) }, seconds: 60 });
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

// The report of a visit, as it waits, or what came of it.
export async function waitsFor(visit) {
  const { reports } = await mine();
  return reports.find((report) => report.visit === visit && report.state !== "draft") ?? (await get("done", visit)) ?? null;
}
