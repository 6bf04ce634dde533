// The day comes from the server when there is coverage, and is read from this phone always.
import { ask, Busy, found, SignedOut, Stranger } from "./api.js";
import { all, forgetDays, get, keep, put, setting } from "./db.js";
import { stamp } from "./time.js";
import { dayAfter, today } from "./times.js";

const other = new Map(); // other days, only in memory

// The newest day on this phone that is not past, else the newest one.
export async function stored() {
  const days = (await all("days")).sort((one, following) => one.on.localeCompare(following.on));
  return days.find((day) => day.on >= today()) ?? days.at(-1) ?? null;
}

export const dayOf = async (on) => (await get("days", on)) ?? other.get(on) ?? null;

export async function visitOf(id) {
  for (const day of [...(await all("days")), ...other.values()]) {
    const visit = day.visits.find((each) => each.id === id) ?? day.overdue?.find((each) => each.id === id);
    if (visit) return { visit, day };
  }
  return { visit: null, day: null };
}

async function fetchDay(on = "") {
  try {
    const { status, body } = await ask(`day/${on ? `?on=${on}` : ""}`);
    if (status === 404) throw new Stranger();
    if (status !== 200) throw new Busy(`day: ${status}`);
    return body;
  } catch (error) {
    if (error instanceof SignedOut) found("signed_out"); // the portal's own word: a foreign 404 or 401 never comes to here (portal.js)
    if (error instanceof Stranger) await forgetEverythingButTheOutbox();
    throw error;
  }
}

export async function sync() {
  const day = await fetchDay();
  const before = await setting("technician");
  if (before?.id !== day.technician.id) await forgetEverythingButTheOutbox();
  await keep("technician", day.technician);
  await keep("reasons", day.reasons);
  await keep("not_reached", day.not_reached ?? []);
  await put("days", { ...plain(day), synced_at: stamp() });
  await forgetDays(day.on);
  return day;
}

// The token for writing is not kept: it is asked for anew each time.
function plain({ csrf: _csrf, echo: _echo, ...day }) {
  return day;
}

export async function look(on) {
  const day = { ...plain(await fetchDay(on)), synced_at: stamp() };
  if (await get("days", on)) await put("days", day);
  else other.set(on, day);
}

// A day on which work has begun stays on this phone, whichever day it is.
export async function hold(day) {
  if (!(await get("days", day.on))) await put("days", day);
}

// Whether or not there is coverage, addresses of the day before yesterday are nobody's work. A day more than
// that stays, since this phone's clock may be a day off (fault 19).
export const forgetOld = () => forgetDays(dayAfter(today(), -1));

export async function forgetEverythingButTheOutbox() {
  other.clear();
  await forgetDays();
  await keep("technician", null);
}
