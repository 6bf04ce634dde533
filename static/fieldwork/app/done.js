// After a report: whether it has arrived, and what the customer is told.
import { connection } from "./api.js";
import { toldText } from "./closeout-end.js";
import { setting } from "./db.js";
import { bar, h, link, notice } from "./dom.js";
import { status, waitsFor } from "./outbox.js";
import { route } from "./router.js";
import { visitOf } from "./sync.js";
import { timeOf } from "./times.js";
import { t } from "./words.js";

function flyerLinks(visit, done) {
  const page = done.answer ? done.answer.flyer : "";
  return h("p", { class: "stack" }, link(t("flyer_show"), `#/flyer/${visit}`),
    page && connection.state === "online" && link(t("flyer_print"), page, "", { target: "_blank", rel: "noopener" }));
}

function arrived(done) {
  const { answer } = done;
  if (answer.conflict) {
    return [notice("warning", h("p", {}, h("strong", {}, answer.conflict_text || t("conflict"))), h("p", {}, t("conflict_kept")))];
  }
  return [h("p", { class: "lead good" }, `✓ ${t("arrived", { time: timeOf(done.received_at) })}`),
    h("section", { class: "told" }, h("h2", {}, t("told_now")), answer.told.map((words) => h("p", {}, words)))];
}

async function waits(report) {
  const reasons = await setting("reasons", []);
  const titles = reasons.filter((reason) => report.answers.reasons.includes(reason.code)).map((reason) => reason.title);
  const head = report.state === "problem"
    ? notice("error", h("p", {}, h("strong", {}, t("problem"))), link(t("see_outbox"), "#/outbox"))
    : notice("info", h("p", {}, h("strong", {}, t("kept_here"))), h("p", {}, t(connection.state === "signed_out" ? "goes_after_sign_in" : { foreign: "why_foreign", busy: "why_busy" }[status.state] ?? "goes_by_itself")));
  return [head, h("section", { class: "told" }, h("h2", {}, t("told_later")), toldText(report, titles).map((words) => h("p", {}, words)))];
}

async function screen(id) {
  const row = await waitsFor(Number(id));
  const { visit } = await visitOf(Number(id));
  if (!row) {
    return { title: t("reported"), nodes: [h("p", { class: "lead" }, t("reported_before")), visit?.report?.outcome === "unsuccessful" && flyerLinks(id, {}), bar(link(t("my_day"), "#/", "button--primary"))] };
  }
  const outcome = row.outcome ?? row.answers.outcome;
  return {
    title: t(outcome === "complete" ? "reported_done" : "reported_not"), under: row.label.order, isLive: true,
    nodes: [...(row.answer ? arrived(row) : await waits(row)), outcome === "unsuccessful" && flyerLinks(id, row), bar(link(t("back_to_day"), "#/", "button--primary"))],
  };
}

export const connect = () => route("/done/(\\d+)", screen);
