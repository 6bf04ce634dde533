// "On my way", "On site" (and its undoing) and "give back": kept with the time, sent when there is coverage.
import { put, remove } from "./db.js";
import { changed, mine, send } from "./outbox.js";
import { stamp } from "./time.js";

// Of these two the last tap counts. One that is on its way to the portal can't be called back, so both are sent.
const PRESENCE = ["on-site", "off-site"];
const isPresence = (row) => PRESENCE.includes(row.kind);

// `more`: the reason of a visit that is given back. What the portal did not take before may be done again.
export async function act(visit, on, technician, kind, label, more = {}) {
  const rows = (await mine()).acts.filter((row) => row.visit === visit.id);
  const same = PRESENCE.includes(kind) ? rows.filter(isPresence).slice(-1).filter((row) => row.kind === kind) : rows.filter((row) => row.kind === kind);
  for (const row of same.filter((old) => old.problem)) await remove("acts", row.key);
  if (same.every((row) => row.problem)) {
    await put("acts", { id: crypto.randomUUID(), visit: visit.id, on: visit.on || on, technician, kind, label, at: stamp(), ...more });
  }
  changed();
  send();
}

// What the portal did not take of this visit's taps: said on the visit itself.
export const refusedOf = (visit, acts) => acts.filter((row) => row.visit === visit.id && row.problem);

// When "on site" (or its undoing) was tapped here, while the portal hasn't heard of it.
export const tappedAt = (visit, acts) => presence(visit, acts)?.at;

const presence = (visit, acts) => acts.findLast((row) => row.visit === visit.id && !row.problem && isPresence(row));

// The state as this phone knows it: what was tapped here counts before the server has heard of it.
export function stateOf(visit, acts, reports) {
  const tapped = acts.filter((row) => row.visit === visit.id && !row.problem).map((row) => row.kind);
  if (reports.some((row) => row.visit === visit.id && row.state !== "draft")) return "reported";
  if (visit.state === "given_back") return "given_back";
  if (visit.state === "scheduled" && tapped.includes("give-back")) return "giving_back";
  const last = presence(visit, acts)?.kind;
  if (visit.state === "scheduled" && last === "on-site") return "on_site";
  if (visit.state === "on_site" && last === "off-site") return "scheduled";
  if (visit.state === "scheduled" && (tapped.includes("on-my-way") || visit.on_the_way_at)) return "on_the_way";
  return visit.state;
}
