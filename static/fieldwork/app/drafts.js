// A close-out while it is being made. Each tap is saved before the next screen comes, so that the phone may be
// closed at any moment. A draft has all that its screens need: it does not lean on the day.
import { change, finish, mint, renew, setting } from "./db.js";
import { changed, mine } from "./outbox.js";
import { bodyOf, FORMAT, needsSerial, nothingYet, whole } from "./report.js";
import { stamp } from "./time.js";

export { lacksEvidence, needsSerial } from "./report.js";

// The report was sent, from another tab say: what was changed after that is not in it. Said on top of the screen (app.js).
export class TooLate extends Error {}

const tabs = globalThis.BroadcastChannel ? new BroadcastChannel("msa-drafts") : null;

// What other tabs did to a draft, and that a finished report was opened again for an edit (app.js).
export const heard = { edited: () => {}, reopened: () => {} };
tabs?.addEventListener("message", () => heard.edited());
export const edited = () => tabs?.postMessage("edited");

export async function draftOf(visit) {
  const found = (await mine()).reports.find((each) => each.visit === visit && each.state === "draft");
  return found ? whole(found) : null;
}

// The id is minted here: sending twice reports once (fault 18).
export async function open(visit, day) {
  const technician = day?.technician ?? (await setting("technician"));
  return whole(await mint({
    id: crypto.randomUUID(), format: FORMAT, technician: technician.id, visit: visit.id, on: day.on, state: "draft", step: "access",
    label: { order: visit.order, reference: visit.reference }, opened_at: new Date().toISOString(),
    work: { checklist: visit.checklist, device: visit.device, request_type: visit.request_type, done_text: visit.done_text },
    answers: nothingYet(),
  }));
}

// Each edit counts (`edits`): a report is finished only as its last look showed it. One that was finished in another tab
// is opened again for it, as long as its sending has not begun; after that `TooLate` is raised.
export async function answer(report, edit) {
  let state = null;
  const row = await change("reports", report.id, (stored) => {
    state = stored.state;
    if (state === "draft") apply(stored, edit);
  });
  if (row && state === "draft") {
    edited();
    return row;
  }
  const fresh = row ? await thaw(report.id) : await draftOf(report.visit);
  if (!fresh) throw new TooLate();
  if (row) heard.reopened();
  return answer(fresh, edit);
}

function apply(row, edit) {
  Object.assign(row, whole(row), { edits: (row.edits ?? 0) + 1 });
  edit(row.answers, row);
}

export function stepsOf(report) {
  const { stopped, outcome } = report.answers;
  if (stopped) return ["reasons", "photos", "notes", "review"];
  const steps = ["access", "checks", "photos", needsSerial(report) && "serial", "outcome", outcome === "unsuccessful" && "reasons", "notes", "review"];
  return steps.filter(Boolean);
}

export const ACCESS = "E17";
export const checksOf = (report) => report.work.checklist.filter((check) => check.number !== ACCESS);
export const openChecks = (report) => report.work.checklist.filter((check) => !report.answers.checks[check.number]);
export const failedChecks = (report) => report.work.checklist.filter((check) => report.answers.checks[check.number] === "not_ok");

// Work ends at once: what nobody looked at is "not seen". `why`: "unsafe" or "access".
export const stop = (report, why) => answer(report, (answers, row) => {
  for (const check of row.work.checklist) answers.checks[check.number] ||= "not_seen";
  if (why === "access") answers.checks[ACCESS] = "not_ok";
  Object.assign(answers, { before: answers.before ?? { outcome: answers.outcome, checks: { ...report.answers.checks } }, stopped: why, outcome: "unsuccessful" });
  row.step = "reasons";
});

// It was pressed by mistake.
export const goOn = (report) => answer(report, (answers, row) => {
  Object.assign(answers, answers.before ?? {}, { stopped: "", access: "" });
  delete answers.before;
  row.step = "access";
});

// Those that the checks and photos point to come first.
export function reasonsInOrder(report, reasons, photos) {
  const shown = new Set(photos.map((photo) => photo.reason));
  const failed = new Set(failedChecks(report).map((check) => check.number));
  const unsafe = { unsafe: ["E12", "E17"], access: ["E17", "E12"] }[report.answers.stopped] ?? [];
  const rank = (reason) => {
    const rules = (reason.rule ?? "").split(/,\s*/);
    const place = unsafe.findIndex((rule) => rules.includes(rule));
    if (place >= 0) return place;
    return shown.has(reason.code) || rules.some((rule) => failed.has(rule)) ? 2 : 3;
  };
  return reasons.map((reason) => ({ ...reason, suggested: rank(reason) < 3 })).sort((one, other) => rank(one) - rank(other));
}

// What is still missing, as steps; empty where it can be sent.
export function missing(report) {
  const { outcome, reasons } = report.answers;
  const lacks = [];
  if (openChecks(report).length) lacks.push(report.answers.access || report.answers.stopped ? "checks" : "access");
  if (!outcome) lacks.push("outcome");
  if (outcome === "unsuccessful" && !reasons.length) lacks.push("reasons");
  return lacks;
}

// What is sent is settled here, its times too: the same at every repeat (faults 18, 55). Says why not where it cannot be:
// "photos" are still being made smaller, it was "changed" since `report` was shown, or it is "gone".
export async function freeze(report) {
  const [frozen_at, finished] = [stamp(), new Date().toISOString()];
  const why = await finish(report.id, (row, photos, picks) => {
    if (row?.state !== "draft") return "gone";
    if (picks.some((pick) => !pick.problem)) return "photos";
    if ((row.edits ?? 0) !== (report.edits ?? 0)) return "changed";
    const body = bodyOf(whole(row), photos, { finished, version: document.documentElement.dataset.version });
    Object.assign(row, { state: "frozen", frozen_at, body });
    return null;
  });
  changed();
  edited();
  return why;
}

// Opened again, as a new report with the same photos. Null where it is on its way or has arrived.
export async function thaw(id) {
  const fresh = await renew(id, ({ body: _body, problem: _problem, frozen_at: _frozen, ...row }) => ({
    ...row, id: crypto.randomUUID(), state: "draft", step: "review",
  }));
  changed();
  return fresh;
}
