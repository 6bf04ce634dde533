// What a close-out is made of, step by step, and what is sent of it. No document, no database.

// Of the shape that drafts have now. A later version of the app that asks for more raises it and gives the older ones
// in `whole` what they lack; none is thrown away (fault 57).
export const FORMAT = 1;

export const nothingYet = () => ({ access: "", checks: {}, serial: "", serial_sure: false, outcome: "", reasons: [], notes: "", stopped: "" });

// A draft that an earlier version began lacks what was not asked for then.
export const whole = (row) => ({ ...row, format: FORMAT, work: { checklist: [], device: null, ...row.work }, answers: { ...nothingYet(), ...row.answers } });

export const needsSerial = (report) => Boolean(report.work.device) && report.work.request_type !== "removal";

// What the device asks for and a report that says "done" lacks: said before it is sent.
export function lacksEvidence(report, photos) {
  if (report.answers.outcome !== "complete" || !needsSerial(report)) return [];
  return [!photos.length && "photo", !report.answers.serial && "serial"].filter(Boolean);
}

// A text that two tabs typed into: `base` is what this one began with, `stored` what is kept, `typed` what stands in the
// field. Nothing that either typed is dropped.
export function merged(base, stored, typed) {
  if (stored === base || typed.includes(stored)) return typed;
  if (typed === base || stored.includes(typed)) return stored;
  return `${stored}\n${typed}`;
}

export function bodyOf(report, photos, { finished, version }) {
  const { outcome, reasons, checks, serial, notes, stopped } = report.answers;
  const chosen = outcome === "unsuccessful" ? reasons : [];
  return {
    visit: report.visit, outcome, reasons: chosen, checklist: checks, serial_number: serial, notes: notes.trim(),
    stopped_unsafe: stopped === "unsafe",
    photos: photos.map(({ sha256, reason, marks, taken_at }) => ({ sha256, reason: chosen.includes(reason) ? reason : "", marks, taken_at })),
    opened_at: report.opened_at, device_time: finished, via: "outbox", app_version: version,
  };
}
