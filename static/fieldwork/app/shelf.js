// What lies on this phone, and what becomes of it as the portal answers. No document and no clock of its own; `db` is
// db.js, or the simulation's (tests/fieldwork/phone/simulation).
import { isWaiting } from "./sender.js";

export function shelf(db, { tell, stamp, said }) {
  // What is on this phone of the technician who is signed in here, or was last. Of others only how much it is: a phone is
  // handed on, and what one of them reported is not the next one's to read or to send (fault 58). After signing out
  // nobody's is told apart: `unclaimed`.
  async function mine() {
    const [reports, acts, me] = await Promise.all([db.all("reports"), db.all("acts"), db.setting("technician")]);
    const isMine = (row) => row.technician === me?.id;
    const rest = reports.filter((row) => !isMine(row)).length;
    return { reports: reports.filter(isMine), acts: acts.filter(isMine), others: me ? rest : 0, unclaimed: me ? 0 : rest };
  }

  async function contents() {
    const { reports, acts, others, unclaimed } = await mine();
    return { ...(await sorted(reports, acts)), others, unclaimed };
  }

  async function sorted(reports, acts) {
    const waiting = reports.filter(isWaiting).sort((one, other) => one.frozen_at.localeCompare(other.frozen_at));
    const photos = (await Promise.all(waiting.map((report) => db.photosOf(report.id)))).flat().filter((photo) => !photo.sent);
    return {
      drafts: reports.filter((report) => report.state === "draft"),
      problems: reports.filter((report) => report.state === "problem"),
      waiting, photos: photos.length,
      acts: acts.filter((act) => !act.problem), refused: acts.filter((act) => act.problem),
    };
  }

  // Each question tells the portal how much waits here, so that dispatch knows who still has work on the phone.
  async function count({ waiting, problems, photos, acts, drafts }) {
    const phone = (await db.setting("phone")) ?? (await db.keep("phone", crypto.randomUUID())).value;
    const kept = [...waiting, ...problems];
    const since = [...kept.map((row) => row.frozen_at), ...acts.map((row) => row.at)].sort()[0] ?? null;
    said(JSON.stringify({ phone, reports: kept.length, photos, taps: acts.length, drafts: drafts.length, since }));
  }

  // What may be sent now: what waits of the technician that the portal says is signed in.
  async function queueOf(technician) {
    const isTheirs = (row) => row.technician === technician;
    const acts = (await db.all("acts")).filter(isTheirs);
    const box = await sorted((await db.all("reports")).filter(isTheirs), acts);
    await count(box);
    return { reports: [...box.waiting, ...box.drafts], acts };
  }

  // From here on it never changes. Null where it was opened again just now.
  async function begin(id) {
    const row = await db.change("reports", id, (report) => { if (isWaiting(report)) report.state = "sending"; });
    return row?.state === "sending" ? row : null;
  }

  async function sent(report, sha256, isSent) {
    await db.change("photos", [report, sha256], (row) => { row.sent = isSent; });
  }

  async function refused(report, problem) {
    await db.change("reports", report.id, (row) => { Object.assign(row, { state: "problem", problem }); });
    tell();
  }

  const atVisit = (on, id, edit) => db.change("days", on, (day) => {
    const visit = [...day.visits, ...(day.overdue ?? [])].find((row) => row.id === id);
    if (visit) edit(visit);
  });

  // Report, photos, and taps of a visit that is over now.
  async function acknowledged(report, answer) {
    const { visit, on, label, body, technician } = report;
    const received_at = answer.received_at ?? stamp();
    await db.forget(report.id, { visit, on, label, technician, outcome: body.outcome, reasons: body.reasons, answer, received_at });
    await atVisit(on, visit, (row) => {
      if (answer.accepted) Object.assign(row, { state: "closed", report: { outcome: body.outcome, received_at } });
      delete row.phone; // the work is done: the customer's number goes (docs/adr/0024)
    });
    tell();
  }

  async function refusedAct(act, words) {
    await db.change("acts", act.key, (row) => { row.problem = words; });
    tell();
  }

  async function acted(act, body) {
    await db.remove("acts", act.key);
    await atVisit(act.on, act.visit, (visit) => {
      if (act.kind === "give-back") {
        visit.state = "given_back";
        delete visit.phone;
      } else Object.assign(visit, { state: body.state ?? visit.state, expected_at: body.expected_at ?? visit.expected_at });
      if (act.kind === "on-my-way") visit.on_the_way_at = act.at;
      if (act.kind === "on-site") visit.on_site_at = act.at;
      if (act.kind === "off-site") visit.on_site_at = null;
    });
    tell();
  }

  return {
    mine, contents, count, queueOf, begin, sent, refused, acknowledged, refusedAct, acted,
    photosOf: (report) => db.photosOf(report), hashesOf: (report) => db.hashesOf(report),
  };
}
