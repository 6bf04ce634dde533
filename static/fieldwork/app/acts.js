// "On my way", "On site" (and its undoing) and "give back": kept with the time, sent when there is coverage.
import { put, remove } from "./db.js";
import { changed, mine, send } from "./outbox.js";
import { stamp } from "./time.js";

// `more`: the reason of a visit that is given back. What the portal did not take before may be done again.
export async function act(visit, on, technician, kind, label, more = {}) {
  const same = (await mine()).acts.filter((row) => row.visit === visit.id && row.kind === kind);
  for (const row of same.filter((old) => old.problem)) await remove("acts", row.key);
  if (same.every((row) => row.problem)) {
    await put("acts", { id: crypto.randomUUID(), visit: visit.id, on: visit.on || on, technician, kind, label, at: stamp(), ...more });
  }
  changed();
  send();
}

// What the portal did not take of this visit's taps: said on the visit itself.
export const refusedOf = (visit, acts) => acts.filter((row) => row.visit === visit.id && row.problem);

// When "on site" was tapped here, while the portal hasn't heard of it.
export const tappedAt = (visit, acts) => acts.find((row) => row.visit === visit.id && row.kind === "on-site" && !row.problem)?.at;

// The state as this phone knows it: what was tapped here counts before the server has heard of it.
export function stateOf(visit, acts, reports) {
  const tapped = acts.filter((row) => row.visit === visit.id && !row.problem).map((row) => row.kind);
  if (reports.some((row) => row.visit === visit.id && row.state !== "draft")) return "reported";
  if (visit.state === "given_back") return "given_back";
  if (visit.state === "scheduled" && tapped.includes("give-back")) return "giving_back";
  if (visit.state === "scheduled" && tapped.includes("on-site")) return "on_site";
  if (visit.state === "on_site" && tapped.includes("off-site")) return "scheduled";
  if (visit.state === "scheduled" && (tapped.includes("on-my-way") || visit.on_the_way_at)) return "on_the_way";
  return visit.state;
}
