// A visit that nobody can go to today goes back to dispatch, also without coverage (D13).
import { act } from "./acts.js";
import { withStates } from "./day.js";
import { setting } from "./db.js";
import { bar, button, h, link } from "./dom.js";
import { draw, go, route } from "./router.js";
import { hold, visitOf } from "./sync.js";
import { t } from "./words.js";

let chosen = "";

async function screen(id) {
  const { visit, day } = await visitOf(Number(id));
  const reasons = await setting("not_reached", []);
  const [known] = visit ? await withStates([visit]) : [];
  if (!known || !["scheduled", "on_the_way"].includes(known.now)) {
    return { title: t("give_back"), nodes: [h("p", {}, t("give_back_late")), bar(link(t("my_day"), "#/", "button--primary"))] };
  }
  const choose = async (code) => { chosen = code; await draw(); };
  const give = async () => {
    await hold(day);
    const label = { order: visit.order, reference: visit.reference };
    await act(visit, day.on, day.technician.id, "give-back", label, { reason: chosen });
    chosen = "";
    go(`/visit/${visit.id}`, { instead: true });
  };
  const choice = ({ code, title }) => h("button", { type: "button", class: "choice choice--reason", "aria-pressed": String(chosen === code), onclick: () => choose(code) },
    h("span", { class: "box", "aria-hidden": "true" }, chosen === code ? "✓" : ""), h("span", {}, h("strong", {}, title)));
  return {
    title: t("give_back_title"), under: visit.address, isForm: true,
    nodes: [
      h("nav", { class: "steps", "aria-label": t("back") }, h("a", { class: "back", href: `#/visit/${visit.id}` }, t("back"))),
      h("p", {}, t(reasons.length ? "give_back_help" : "give_back_no_reasons")),
      h("div", { class: "choices" }, reasons.map(choice)),
      bar(chosen ? button(t("give_back_do"), give, "button--primary") : h("p", { class: "bar-note" }, t("give_back_choose"))),
    ],
  };
}

export const connect = () => route("/give-back/(\\d+)", screen);
