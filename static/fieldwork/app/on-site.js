// "I am on site": asked first at another day's visit, and taken back where it was tapped by mistake (D25).
import { act } from "./acts.js";
import { withStates } from "./day.js";
import { bar, button, h, link } from "./dom.js";
import { draw, go, route } from "./router.js";
import { hold, visitOf } from "./sync.js";
import { now } from "./time.js";
import { dayText } from "./times.js";
import { t } from "./words.js";

const UNDO_WITHIN = 10 * 60_000; // later, dispatch takes it back

async function arrive(visit, day) {
  await hold(day);
  await act(visit, day.on, day.technician.id, "on-site", { order: visit.order, reference: visit.reference });
}

async function takeBack(visit, day) {
  await hold(day);
  await act(visit, day.on, day.technician.id, "off-site", { order: visit.order, reference: visit.reference });
  await draw();
}

// The button, for as long as it works; null then.
export function undo(visit, day) {
  const since = Date.parse(visit.on_site_at ?? visit.tapped_at ?? "");
  if (visit.now !== "on_site" || !(now() - since < UNDO_WITHIN)) return null;
  return button(t("off_site_do"), () => takeBack(visit, day), "button--quiet button--wide");
}

async function screen(id) {
  const { visit, day } = await visitOf(Number(id));
  const [known] = visit ? await withStates([visit]) : [];
  if (!known || !["scheduled", "on_the_way"].includes(known.now)) {
    return { title: t("on_site_do"), nodes: [h("p", {}, t("on_site_late")), bar(link(t("my_day"), "#/", "button--primary"))] };
  }
  const yes = async () => { await arrive(visit, day); go(`/visit/${visit.id}`, { instead: true }); };
  return {
    title: t("on_site_another_day"), under: visit.address, isForm: true,
    nodes: [
      h("nav", { class: "steps", "aria-label": t("back") }, h("a", { class: "back", href: `#/visit/${visit.id}` }, t("back"))),
      h("p", {}, t("on_site_another_day_help", { day: dayText(visit.on || day.on) })),
      bar(button(t("on_site_yes"), yes, "button--primary")),
    ],
  };
}

export const connect = () => route("/on-site/(\\d+)", screen);
