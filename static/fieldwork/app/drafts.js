// A close-out while it is being made. Each tap is saved before the next screen comes, so that the phone may be
// closed at any moment. A draft has all that its screens need: it does not lean on the day.
import { change, photosOf, put, renew, setting } from "./db.js";
import { changed, mine } from "./outbox.js";

// Of the shape that drafts have now: 1. A later version of the app that asks for more raises it and gives the
// older ones in `whole` what they lack; none is thrown away (fault 57).
export const FORMAT = 1;

const NOTHING_YET = () => ({ access: "", checks: {}, serial: "", serial_sure: false, outcome: "", reasons: [], notes: "", stopped: "" });

// A draft that an earlier version began lacks what was not asked for then.
export const whole = (row) => ({ ...row, format: FORMAT, work: { checklist: [], device: null, ...row.work }, answers: { ...NOTHING_YET(), ...row.answers } });

export async function draftOf(visit) {
  const found = (await mine()).reports.find((each) => each.visit === visit && each.state === "draft");
  return found ? whole(found) : null;
}

// The id is minted here: sending twice reports once (fault 18).
export async function open(visit, day) {
  const found = await draftOf(visit.id);
  if (found) return found;
  const technician = day?.technician ?? (await setting("technician"));
  return put("reports", {
    id: crypto.randomUUID(), format: FORMAT, technician: technician.id, visit: visit.id, on: day.on, state: "draft", step: "access",
    label: { order: visit.order, reference: visit.reference }, opened_at: new Date().toISOString(),
    work: { checklist: visit.checklist, device: visit.device, request_type: visit.request_type, done_text: visit.done_text },
    answers: NOTHING_YET(),
  });
}

export const answer = (report, edit) => change("reports", report.id, (row) => {
  if (row.state !== "draft") return;
  Object.assign(row, whole(row));
  edit(row.answers, row);
});

export const needsSerial = (report) => Boolean(report.work.device) && report.work.request_type !== "removal";

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

function bodyOf(report, photos, finished) {
  const { outcome, reasons, checks, serial, notes, stopped } = report.answers;
  const chosen = outcome === "unsuccessful" ? reasons : [];
  return {
    visit: report.visit, outcome, reasons: chosen, checklist: checks, serial_number: serial, notes: notes.trim(),
    stopped_unsafe: stopped === "unsafe",
    photos: photos.map(({ sha256, reason, marks, taken_at }) => ({ sha256, reason: chosen.includes(reason) ? reason : "", marks, taken_at })),
    opened_at: report.opened_at, device_time: finished, via: "outbox", app_version: document.documentElement.dataset.version,
  };
}

// What is sent is settled here, its times too: the same at every repeat (faults 18, 55).
export async function freeze(report) {
  const frozen_at = new Date().toISOString();
  const body = bodyOf(report, await photosOf(report.id), frozen_at);
  await change("reports", report.id, (row) => {
    if (row.state === "draft") Object.assign(row, { state: "frozen", frozen_at, body });
  });
  changed();
}

// Opened again, as a new report with the same photos. Null where it is on its way or has arrived.
export async function thaw(id) {
  const fresh = await renew(id, ({ body: _body, problem: _problem, frozen_at: _frozen, ...row }) => ({
    ...row, id: crypto.randomUUID(), state: "draft", step: "review",
  }));
  changed();
  return fresh;
}
