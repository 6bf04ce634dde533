// One visit: how to get there, what is to be done, what to look for.
import { connection } from "./api.js";
import { acts, navigateTo, refusals, stateText, withStates } from "./day.js";
import { bar, h, link, notice } from "./dom.js";
import { undo } from "./on-site.js";
import { route } from "./router.js";
import { visitOf } from "./sync.js";
import { timeOf } from "./times.js";
import { t } from "./words.js";

const fact = (name, value) => value && [h("dt", {}, name), h("dd", {}, value)];

function device(visit) {
  if (!visit.device) return null;
  return [visit.device.name, visit.device.part_number, visit.device.isolating && t("isolating")].filter(Boolean).join(" · ");
}

function rules(title, lines) {
  return lines?.length > 0 && [h("h2", {}, title), h("ul", { class: "lines" }, lines.map((line) =>
    h("li", {}, line.message ?? line.text ?? line, " ", h("span", { class: "muted" }, line.rule ?? line.number ?? ""))))];
}

function online(visit) {
  if (connection.state !== "online") return [h("h2", {}, t("with_coverage")), h("p", { class: "muted" }, t(connection.state === "offline" ? "with_coverage_later" : "with_portal_later"))];
  const page = `/field/visits/${visit.id}/`;
  return [h("h2", {}, t("with_coverage")), h("p", { class: "stack" }, link(t("customers_photos"), `${page}#promised`), link(t("agreement"), `${page}agreement/`))];
}

// A call needs no data: the number is on the phone for as long as the visit is open (docs/adr/0024).
function people(visit, day) {
  const calls = visit.phone ? link(t("call"), `tel:${visit.phone.replace(/[^+\d]/g, "")}`, "button--wide") : null;
  const gives = ["scheduled", "on_the_way"].includes(visit.now) && link(t("give_back"), `#/give-back/${visit.id}`, "button--quiet button--wide");
  return [calls, gives, undo(visit, day)].filter(Boolean);
}

function ends(visit, day) {
  if (visit.now === "reported" || visit.now === "closed") return bar(link(t("see_report"), `#/done/${visit.id}`, "button--primary"));
  if (["canceled", "given_back", "giving_back"].includes(visit.now)) return bar(link(t("my_day"), "#/", "button--primary"));
  return bar(...acts(visit, day));
}

async function screen(id) {
  const found = await visitOf(Number(id));
  if (!found.visit) return { title: t("not_here"), nodes: [h("p", {}, t("not_here_why")), bar(link(t("my_day"), "#/", "button--primary"))] };
  const [visit] = await withStates([found.visit]);
  const arrives = visit.expected_at ?? visit.arrives_at;
  return {
    title: visit.address, under: `${visit.window_text}${arrives ? ` · ${t("about", { time: timeOf(arrives) })}` : ""}`, isLive: true,
    nodes: [
      h("nav", { class: "steps", "aria-label": t("back") }, h("a", { class: "back", href: "#/" }, t("my_day")), h("span", { class: `state state--${visit.now}` }, stateText(visit)), h("span", { class: "muted" }, visit.order)),
      ...refusals(visit),
      visit.now === "giving_back" && notice("info", h("p", {}, t("giving_back_why"))),
      visit.now === "given_back" && notice("info", h("p", {}, t("given_back_why"))),
      visit.now === "canceled" && notice("warning", h("p", {}, t("canceled_why"))),
      h("h2", {}, t("getting_there")), h("p", { class: "quote" }, visit.access_notes || t("no_note")),
      h("p", { class: "stack" }, link(t("navigate"), navigateTo(visit), "button--wide"), people(visit, found.day)),
      h("h2", {}, t("the_work")),
      h("dl", {}, [
        fact(t("work"), visit.request_type_text), fact(t("msa"), device(visit)), fact(t("there_now"), visit.existing_adapter_text),
        fact(t("meter"), visit.meter_number), fact(t("panel"), visit.panel_text), fact(t("planned"), visit.minutes && t("minutes", { count: visit.minutes })), fact(t("request"), visit.reference),
      ].flat(2).filter(Boolean)),
      ...(rules(t("put_right"), visit.put_right) || []), ...(rules(t("promised"), visit.promised) || []),
      ...(rules(t("look_for"), visit.checklist) || []), ...online(visit), ends(visit, found.day),
    ],
  };
}

export const connect = () => route("/visit/(\\d+)", screen);
