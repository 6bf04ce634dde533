// What this phone keeps (docs/adr/0024). A later version of the app may add stores and fields; it never changes or
// empties `reports`, `photos` and `acts`: forms may wait in them (fault 57).
import { openDB } from "../../idb/index.js";

export const NAME = "msa-field";
const VERSION = 2;
const WRITE = { durability: "strict" };
let opening = null;

// There is no room left on the phone: what was to be kept is not. A screen that can say so catches it.
export const isFull = (error) => error?.name === "QuotaExceededError";

function upgrade(db, before) {
  if (before < 1) {
    db.createObjectStore("days", { keyPath: "on" });
    db.createObjectStore("reports", { keyPath: "id" });
    db.createObjectStore("photos", { keyPath: ["report", "sha256"] }).createIndex("report", "report");
    db.createObjectStore("acts", { keyPath: "key", autoIncrement: true });
    db.createObjectStore("done", { keyPath: "visit" });
    db.createObjectStore("settings", { keyPath: "name" });
  }
  if (before < 2) {
    // Photos as they were picked, until they are scaled (photos.js).
    db.createObjectStore("picks", { keyPath: "key", autoIncrement: true }).createIndex("report", "report");
  }
}

export function database() {
  opening ??= openDB(NAME, VERSION, {
    upgrade,
    blocking: (_now, _then, event) => { event.target.close(); opening = null; },
    terminated: () => { opening = null; },
  });
  return opening;
}

export const get = async (store, key) => (await database()).get(store, key);
export const all = async (store) => (await database()).getAll(store);
export const remove = async (store, key) => (await database()).delete(store, key);

export async function put(store, value) {
  const change = (await database()).transaction(store, "readwrite", WRITE);
  await Promise.all([change.store.put(value), change.done]);
  return value;
}

// Reads, lets `edit` change the row and writes it, as one step: two tabs do not undo each other. Nothing happens
// to a row that is gone.
export async function change(store, key, edit) {
  const step = (await database()).transaction(store, "readwrite", WRITE);
  const row = await step.store.get(key);
  if (row) {
    edit(row);
    await step.store.put(row);
  }
  await step.done;
  return row;
}

export const setting = async (name, otherwise = null) => (await get("settings", name))?.value ?? otherwise;
export const keep = (name, value) => put("settings", { name, value });

export async function photosOf(report) {
  const rows = await (await database()).getAllFromIndex("photos", "report", report);
  return rows.sort((one, other) => one.order - other.order);
}

export const hashesOf = async (report) => (await (await database()).getAllKeysFromIndex("photos", "report", report)).map(([, sha256]) => sha256);
export const picksOf = async (report) => (await database()).getAllFromIndex("picks", "report", report);

// The draft of a visit, or this one where there is none: two tabs begin one.
export async function mint(row) {
  const step = (await database()).transaction("reports", "readwrite", WRITE);
  const draft = (await step.store.getAll()).find((report) => report.visit === row.visit && report.technician === row.technician && report.state === "draft");
  if (!draft) await step.store.put(row);
  await step.done;
  return draft ?? row;
}

// A photo takes the place of its pick, unless `refuse` says why not: then the reason does. One without a key is only in
// memory: its reason is for the caller alone. Null for a photo that is kept.
export async function settle({ key, report, name }, photo, refuse) {
  const step = (await database()).transaction(["reports", "photos", "picks"], "readwrite", WRITE);
  const [reports, photos, picks] = ["reports", "photos", "picks"].map((store) => step.objectStore(store));
  const stored = key === undefined ? { report } : await picks.get(key); // under its report's newest id
  const rows = stored ? await photos.index("report").getAll(stored.report) : [];
  const why = stored ? refuse(await reports.get(stored.report), rows) : null;
  if (stored && !why && !rows.some((row) => row.sha256 === photo.sha256)) photos.put({ ...photo, report: stored.report });
  if (stored && key !== undefined) {
    if (why) picks.put({ key, report: stored.report, name, problem: why });
    else picks.delete(key);
  }
  await step.done;
  return why;
}

// Finished, in one step with a last look at it: `look(row, photos, picks)` changes the row, or says why not.
export async function finish(report, look) {
  const step = (await database()).transaction(["reports", "photos", "picks"], "readwrite", WRITE);
  const row = await step.objectStore("reports").get(report);
  const photos = (await step.objectStore("photos").index("report").getAll(report)).sort((one, other) => one.order - other.order);
  const why = look(row, photos, await step.objectStore("picks").index("report").getAll(report));
  if (!why) step.objectStore("reports").put(row);
  await step.done;
  return why;
}

// A report with its photos goes at once or stays; `done` is what the server said of it.
export async function forget(report, done = null) {
  const step = (await database()).transaction(["reports", "photos", "picks", "done"], "readwrite", WRITE);
  for (const store of ["photos", "picks"]) {
    for (const key of await step.objectStore(store).index("report").getAllKeys(report)) step.objectStore(store).delete(key);
  }
  step.objectStore("reports").delete(report);
  if (done) step.objectStore("done").put(done);
  await step.done;
}

// Sending has not begun, or the server would not have it (fault 55).
export const canChange = (report) => report.state === "frozen" || report.state === "problem";

// The same report under a new id, to be changed and sent again; the old one is gone in the same step. Null where
// it is on its way.
export async function renew(report, edit) {
  const step = (await database()).transaction(["reports", "photos", "picks"], "readwrite", WRITE);
  const reports = step.objectStore("reports");
  const photos = step.objectStore("photos");
  const row = await reports.get(report);
  if (!row || !canChange(row)) {
    await step.done;
    return null;
  }
  const fresh = edit(row);
  for (const photo of await photos.index("report").getAll(report)) {
    photos.put({ ...photo, report: fresh.id, sent: false });
    photos.delete([report, photo.sha256]);
  }
  for (const pick of await step.objectStore("picks").index("report").getAll(report)) step.objectStore("picks").put({ ...pick, report: fresh.id });
  reports.put(fresh);
  reports.delete(report);
  await step.done;
  return fresh;
}

// The day's addresses and notes go; what waits to be sent stays (fault 58).
export async function forgetDays(keepFrom = null) {
  const step = (await database()).transaction(["days", "done"], "readwrite", WRITE);
  for (const on of await step.objectStore("days").getAllKeys()) {
    if (!keepFrom || on < keepFrom) step.objectStore("days").delete(on);
  }
  for (const row of await step.objectStore("done").getAll()) {
    if (!keepFrom || row.on < keepFrom) step.objectStore("done").delete(row.visit);
  }
  await step.done;
}
