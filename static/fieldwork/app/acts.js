// "On my way" and "On site": kept with the phone's time, sent when there is coverage.
import { put } from "./db.js";
import { changed, mine, send } from "./outbox.js";

export async function act(visit, on, technician, kind, label) {
  const same = (await mine()).acts.some((each) => each.visit === visit.id && each.kind === kind);
  if (!same) await put("acts", { visit: visit.id, on, technician, kind, label, at: new Date().toISOString() });
  changed();
  send();
}

// The state as this phone knows it: what was tapped here counts before the server has heard of it.
export function stateOf(visit, acts, reports) {
  const mine = acts.filter((each) => each.visit === visit.id && !each.problem).map((each) => each.kind);
  if (reports.some((each) => each.visit === visit.id && each.state !== "draft")) return "reported";
  if (visit.state === "scheduled" && mine.includes("on-site")) return "on_site";
  if (visit.state === "scheduled" && (mine.includes("on-my-way") || visit.on_the_way_at)) return "on_the_way";
  return visit.state;
}
