// The day: the next stop first, the others in order, always from this phone.
import { act, refusedOf, stateOf, tappedAt } from "./acts.js";
import { Busy, connection, Offline, SignedOut, Unreachable } from "./api.js";
import { bar, button, h, link, notice } from "./dom.js";
import { remove } from "./db.js";
import { changed, mine } from "./outbox.js";
import { draw, go, path, route } from "./router.js";
import { dayOf, hold, look, stored, sync } from "./sync.js";
import { dayAfter, dayText, timeOf, today } from "./times.js";
import { t } from "./words.js";

let failed = "";

// A map program of the phone's own: Apple's knows no geo: addresses.
export function navigateTo(visit) {
  const isApple = /iPhone|iPad|iPod|Macintosh/.test(navigator.userAgent);
  const place = visit.latitude && visit.longitude ? `${visit.latitude},${visit.longitude}` : "0,0";
  const where = encodeURIComponent(visit.address);
  return isApple ? `https://maps.apple.com/?daddr=${where}` : `geo:${place}?q=${where}`;
}

export async function withStates(visits) {
  const { acts, reports } = await mine();
  return visits.map((visit) => ({
    ...visit, now: stateOf(visit, acts, reports), tapped_at: tappedAt(visit, acts), refused: refusedOf(visit, acts),
    draft: reports.some((row) => row.visit === visit.id && row.state === "draft"),
  }));
}

// A tap that the portal did not take, in its own words, where the tap was made.
export const refusals = (visit) => visit.refused.map((row) => notice("error",
  h("p", {}, h("strong", {}, t(`refused_${row.kind.replaceAll("-", "_")}`))), h("p", {}, row.problem),
  button(t("seen"), async () => { await remove("acts", row.key); changed(); await draw(); }, "button--quiet")));

const isOpen = (visit) => ["scheduled", "on_the_way", "on_site"].includes(visit.now);

// At another day's visit "on site" asks first (on-site.js).
export const tap = (visit, day, kind) => button(t(kind === "on-site" ? "on_site_do" : "on_my_way_do"), async () => {
  if (kind === "on-site" && (visit.on || day.on) !== today()) return go(`/on-site/${visit.id}`);
  await hold(day);
  await act(visit, day.on, day.technician.id, kind, { order: visit.order, reference: visit.reference });
  return draw();
}, kind === "on-site" && visit.now === "scheduled" ? "" : "button--primary");

export const closeOut = (visit) => link(t(visit.draft ? "close_out_on" : "close_out"), `#/close-out/${visit.id}`, "button--primary");

// The next act at such a visit, for the thumb.
export function acts(visit, day) {
  if (visit.now === "scheduled") return [tap(visit, day, "on-site"), tap(visit, day, "on-my-way")];
  if (visit.now === "on_the_way") return [tap(visit, day, "on-site")];
  if (visit.now === "on_site") return [closeOut(visit)];
  return [];
}

export const stateText = (visit) => t(`state_${visit.draft && isOpen(visit) ? "draft" : visit.now}`);

function stop(visit, isNext) {
  return h(isNext ? "section" : "li", { class: `card field-stop${isNext ? " card--next" : ""}` },
    h("p", { class: "when" }, `${visit.window_text}${visit.expected_at || visit.arrives_at ? ` · ${t("about", { time: timeOf(visit.expected_at ?? visit.arrives_at) })}` : ""}`, h("span", { class: `state state--${visit.now}` }, stateText(visit))),
    h(isNext ? "h2" : "h3", {}, h("a", { href: `#/visit/${visit.id}` }, visit.address)),
    h("p", {}, [visit.request_type_text, visit.device?.name].filter(Boolean).join(" · ")),
    refusals(visit),
    isNext && visit.access_notes && h("p", { class: "quote" }, visit.access_notes),
    isNext && h("p", { class: "pair" }, link(t("details"), `#/visit/${visit.id}`), link(t("navigate"), navigateTo(visit))));
}

function list(words, visits) {
  return visits.length > 0 && [h("h2", {}, words), h("ol", { class: "cards" }, visits.map((visit) => stop(visit, false)))];
}

async function again() {
  failed = "";
  try {
    if (path() === "/") await sync();
    else await look(path().split("/").at(-1));
  } catch (error) {
    if (!(error instanceof Offline || error instanceof SignedOut || error instanceof Busy)) throw error;
    failed = error instanceof Busy ? "refresh_busy" : error instanceof Unreachable ? "refresh_foreign" : error instanceof Offline ? "refresh_offline" : "";
  }
  await draw({ quiet: true });
}

function head(day) {
  const isOld = day.on < today();
  return [
    h("div", { class: "asof" }, h("span", {}, t("as_of", { time: timeOf(day.synced_at), day: isOld ? ` (${dayText(day.on)})` : "" })), button(t("refresh"), again, "button--quiet")),
    failed && connection.state !== "online" && notice("info", h("p", {}, t(failed))),
    isOld && notice("warning", h("p", {}, t("day_is_old"))),
  ];
}

function overdue(day) {
  const rows = day.overdue ?? [];
  return rows.length > 0 && notice("warning", h("p", {}, h("strong", {}, t("overdue"))),
    h("ul", {}, rows.map((visit) => h("li", {}, h("a", { href: `#/visit/${visit.id}` }, `${visit.address} · ${visit.order}`)))));
}

async function unfinished(visits) {
  const known = new Set(visits.map((visit) => visit.id));
  const drafts = (await mine()).reports.filter((each) => each.state === "draft" && !known.has(each.visit));
  return drafts.map((each) => notice("warning", h("p", {}, t("unfinished", { order: each.label.order })), link(t("close_out_on"), `#/close-out/${each.visit}`)));
}

async function screen(on) {
  const day = on ? await dayOf(on) : await stored();
  if (!day) return empty(on);
  const visits = await withStates(day.visits);
  const open = visits.filter(isOpen).sort((one, other) => (other.now === "on_site") - (one.now === "on_site"));
  const next = open[0];
  const isToday = day.on === today();
  return {
    title: isToday ? t("today") : dayText(day.on), under: isToday ? dayText(day.on) : "", isLive: true,
    nodes: [
      ...head(day), overdue(day), ...(await unfinished(visits)),
      !visits.length && h("p", { class: "lead" }, t("no_visits")),
      day.next_on && link(t("next_visits", { day: dayText(day.next_on) }), `#/day/${day.next_on}`, "button--wide"),
      next && stop(next, true),
      ...(list(t("then"), open.slice(1)) || []), ...(list(t("done"), visits.filter((visit) => !isOpen(visit))) || []),
      next && bar(...acts(next, day)),
    ],
  };
}

function empty(on) {
  const words = { offline: "no_day_offline", foreign: "no_day_foreign", busy: "no_day_busy", signed_out: "no_day_signed_out" }[connection.state] ?? "no_day_yet";
  return {
    title: on ? dayText(on) : t("today"), isLive: true,
    nodes: [h("p", { class: "lead" }, t(words)), connection.state === "signed_out" ? link(t("sign_in"), document.documentElement.dataset.signIn, "button--primary button--wide") : button(t("refresh"), again, "button--wide")],
    ready: on && connection.state === "online" ? again : null,
  };
}

export const days = (on) => [-1, 1].map((step) => link(t(step < 0 ? "day_before" : "day_after", { day: dayText(dayAfter(on, step)) }), `#/day/${dayAfter(on, step)}`));

export function connect() {
  route("/", screen);
  route("/day/(\\d{4}-\\d{2}-\\d{2})", screen);
}
