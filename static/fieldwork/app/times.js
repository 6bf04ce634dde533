// Days and times read as in the rest of the portal, in the utility's time zone.
import { now } from "./time.js";

const zone = document.documentElement.dataset.zone;
const language = document.documentElement.lang;

const clock = new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit", timeZone: zone });
const short = new Intl.DateTimeFormat(language, { weekday: "short", month: "short", day: "numeric", timeZone: "UTC" });
const parts = new Intl.DateTimeFormat("en-CA", { year: "numeric", month: "2-digit", day: "2-digit", timeZone: zone });

export const timeOf = (moment) => clock.format(new Date(moment)).replace(/\s?AM$/, " a.m.").replace(/\s?PM$/, " p.m.");

// "2026-12-08" is a day, not a moment: no time zone may move it.
export const dayText = (on) => short.format(new Date(`${on}T00:00:00Z`));

// The utility's day by the portal's time, whatever this phone's clock says (fault 19).
export const today = () => parts.format(new Date(now()));

export function dayAfter(on, days) {
  const date = new Date(`${on}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}
