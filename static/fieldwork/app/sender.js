// How what waits on this phone goes to the portal: one thing after the other, each safe to repeat. A broken connection
// costs the chunk that was on its way, not the queue (fault 67).
//
// No document, no database, no clock of its own: the app, its service worker and the simulation
// (tests/fieldwork/phone/simulation) hand theirs in.
//
// A report is a draft, then "frozen", "sending" (from here on it never changes: fault 55), and gone once the server
// has acknowledged it. "problem": the server will not have it as it is; a person decides.
import { Busy, Offline, SignedOut } from "./portal.js";

const TRIES = 6; // how often one thing is tried without any progress before the rest is left for later
const FIRST_PAUSE = 400;
const LONGEST_PAUSE = 8_000;
const ROUNDS = 3; // how often a photo, or a report that lacks photos, is begun again in one go
const LOOKS = 10; // how often, and
const LOOK_PAUSE = 1_000; // after how long, a report whose photos are being checked is sent again in one go
const SEVERAL = 3; // so many things that the server can't take now: the trouble is the server's, not theirs

const SMALLEST = 32 * 1024;
const LARGEST = 256 * 1024; // the server's limit
const CHUNK_MS = 4_000; // what a chunk may take: what breaks off costs no more than that

export const isWaiting = (report) => report.state === "frozen" || report.state === "sending";

// As large as goes through in a few seconds on this link, half of it after a break.
export function link(bytes = 96 * 1024, { smallest = SMALLEST, largest = LARGEST } = {}) {
  let size = bytes;
  const within = (wanted) => Math.round(Math.min(largest, Math.max(smallest, wanted)));
  return {
    get size() { return size; },
    took(sent, ms) { size = within(Math.min(size * 2, (sent / Math.max(ms, 1)) * CHUNK_MS)); },
    broke() { size = within(size / 2); },
  };
}

export function sender({ store, ask, who, pause, random, elapsed, time, isOnline, tell, chunks = link() }) {
  let progress = 0;
  let fails = 0;
  const moved = () => {
    progress += 1;
    if (fails > 1) tell.goesOn();
    fails = 0;
  };

  // Tries again what no answer came to, ever more slowly; any progress begins the count again.
  async function persist(act) {
    for (;;) {
      try {
        return await act();
      } catch (error) {
        await after(error);
      }
    }
  }

  async function after(error) {
    if (!(error instanceof Offline) || !isOnline()) throw error;
    fails += 1;
    if (fails >= TRIES) throw error;
    if (fails > 1) tell.halts(error);
    await pause(Math.min(FIRST_PAUSE * 2 ** (fails - 1), LONGEST_PAUSE) * (0.5 + random()));
  }

  async function write(path, me, options) {
    const answer = await ask(path, { ...options, csrf: me.csrf });
    if (answer.status !== 403) return answer;
    const fresh = await who(); // the token is of an earlier session
    if (fresh.technician.id !== me.technician.id) throw new SignedOut();
    me.csrf = fresh.csrf;
    return unlessForbidden(await ask(path, { ...options, csrf: me.csrf }));
  }

  function unlessForbidden(answer) {
    if (answer.status === 403) throw new Busy("403");
    return answer;
  }

  async function sendAct(act, me) {
    tell.step();
    const path = `visits/${act.visit}/${act.kind}/`;
    const expects = { visit: act.visit, act: act.kind };
    const answer = await persist(() => {
      const json = { at: act.at, seconds_ago: Math.max(0, Math.round((time() - Date.parse(act.at)) / 1000)), id: act.id, on: act.on, reason: act.reason };
      return write(path, me, { method: "POST", json, expects });
    });
    moved();
    if (answer.status === 200) await store.acted(act, answer.body);
    else await store.refusedAct(act, answer.body.detail || String(answer.status));
  }

  async function sendReport({ id }, me, left) {
    const report = await store.begin(id);
    if (!report) return left.set(id, null); // opened again just now
    let answer = null;
    for (let round = 0; round < ROUNDS; round += 1) {
      const unwanted = await sendPhotos(report, me);
      if (unwanted) return refused(report, unwanted);
      tell.step();
      answer = await sendWords(report, me);
      if (answer.status === 200) {
        moved();
        return store.acknowledged(report, answer.body);
      }
      if (answer.body.code !== "photos_missing") return refused(report, answer);
      for (const sha256 of answer.body.missing) await store.sent(id, sha256, false);
    }
    return refused(report, answer);
  }

  // Inspectors open the photos first, which takes seconds. Where it takes longer, the whole is tried again later.
  async function sendWords(report, me) {
    const expects = { id: report.id };
    for (let look = 1; ; look += 1) {
      const answer = await persist(() => write(`reports/${report.id}/`, me, { method: "PUT", json: report.body, seconds: 60, expects }));
      if (answer.body.code !== "photos_waiting") return answer;
      if (look === LOOKS) throw new Busy("photos are still being checked");
      await pause(LOOK_PAUSE);
    }
  }

  // Kept as it is, with what the server said of it. Nothing is dropped.
  async function refused(report, { status, body }) {
    moved();
    await store.refused(report, { code: body.code ?? String(status), detail: body.detail ?? "", errors: body.errors ?? {} });
  }

  // One after the other. Gives the answer by which the server refused one, else null.
  async function sendPhotos(report, me) {
    for (const photo of await store.photosOf(report.id)) {
      const unwanted = photo.sent ? null : await sendPhoto(report, photo, me);
      if (unwanted) return unwanted;
    }
    return null;
  }

  async function sendPhoto(report, photo, me) {
    tell.step();
    for (let round = 0; round < ROUNDS; round += 1) {
      const begun = await announce(report, photo, me);
      if (begun.status > 201) return begun;
      if (await sendChunks(report, photo, begun.body.received, me)) {
        await store.sent(report.id, photo.sha256, true);
        return null;
      }
    }
    throw new Busy("a photo does not arrive whole");
  }

  // Begins a photo, or asks how much of it is there. The server forgets those that the report no longer has.
  async function announce(report, photo, me) {
    const keep = await store.hashesOf(report.id);
    const json = { visit: report.visit, sha256: photo.sha256, size: photo.size, keep };
    const expects = { id: report.id, sha256: photo.sha256 };
    return persist(() => write(`reports/${report.id}/photos/`, me, { method: "POST", json, expects }));
  }

  // From where the server says that it is (fault 55). False where the photo has to begin again.
  async function sendChunks(report, photo, received, me) {
    const path = `reports/${report.id}/photos/${photo.sha256}/`;
    let at = received;
    while (at < photo.size) {
      const answer = await sendChunk(path, photo, at, report, me);
      if (answer.status >= 300 && answer.body.code !== "offset") return false;
      if (answer.body.received > at) moved();
      at = answer.body.received;
    }
    return true;
  }

  // After a break the server is asked what has arrived: an answer that was lost must not cost the chunk again.
  async function sendChunk(path, photo, at, report, me) {
    const bytes = new Uint8Array(photo.data.slice(at, at + chunks.size));
    const began = elapsed();
    try {
      const expects = { id: report.id, sha256: photo.sha256 };
      const answer = await write(path, me, { method: "PATCH", bytes, headers: { "Upload-Offset": String(at) }, seconds: 60, expects });
      chunks.took(bytes.byteLength, elapsed() - began);
      return answer;
    } catch (error) {
      chunks.broke();
      await after(error);
      return announce(report, photo, me);
    }
  }

  // The next thing to do, looked for again after each: what was finished meanwhile comes before photos of a form that is
  // still being filled in. What the server could not take in this go is left out, and a report waits for its visit's taps.
  async function next(me, left) {
    const { acts, reports } = await store.queueOf(me.technician.id);
    const act = acts.find((row) => !row.problem && !left.has(row.key));
    if (act) return { key: act.key, run: () => sendAct(act, me) };
    const held = new Set(acts.filter((row) => left.has(row.key)).map((row) => row.visit));
    const report = reports.filter(isWaiting).find((row) => !left.has(row.id) && !held.has(row.visit));
    if (report) return { key: report.id, run: () => sendReport(report, me, left) };
    return early(reports.filter((row) => row.state === "draft"), me, left);
  }

  async function early(drafts, me, left) {
    for (const draft of drafts) {
      for (const photo of await store.photosOf(draft.id)) {
        const key = `${draft.id} ${photo.sha256}`;
        if (!photo.sent && !left.has(key)) return { key, run: async () => { if (await sendPhoto(draft, photo, me)) left.set(key, null); } };
      }
    }
    return null;
  }

  // Sends all that waits. Throws what stopped it: `Offline`, `Unreachable`, `SignedOut`, `Busy`, or the phone's own trouble.
  async function sendAll() {
    const left = new Map();
    const me = await persist(who);
    fails = 0;
    for (let job = await next(me, left); job; job = await next(me, left)) {
      try {
        await job.run();
      } catch (error) {
        if (!(error instanceof Busy)) throw error;
        left.set(job.key, error);
        if (error.message === "429" || [...left.values()].filter(Boolean).length >= SEVERAL) throw error;
      }
    }
    const trouble = [...left.values()].find(Boolean);
    if (trouble) throw trouble;
  }

  return { sendAll, get progress() { return progress; } };
}
