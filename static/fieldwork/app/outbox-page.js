// What waits on this phone, why, and what can be done.
import { connection } from "./api.js";
import { summary } from "./bar.js";
import { canChange, forget, remove } from "./db.js";
import { bar, button, h, link, notice } from "./dom.js";
import { thaw } from "./drafts.js";
import { exportOutbox, save } from "./exporting.js";
import { contents, retry, send, status } from "./outbox.js";
import { draw, go, route } from "./router.js";
import { visitOf } from "./sync.js";
import { timeOf } from "./times.js";
import { counted, t } from "./words.js";

let asked = null; // the draft that is to be thrown away, once it was asked for twice

async function nameOf(row) {
  const { visit } = await visitOf(row.visit);
  return [row.label.order, visit?.address].filter(Boolean).join(" · ");
}

async function problem(report) {
  const errors = Object.values(report.problem.errors ?? {}).flat();
  return h("li", { class: "card card--problem" },
    h("h3", {}, await nameOf(report)),
    h("p", {}, h("strong", {}, t(report.problem.code === "different_report" ? "problem_different" : "problem_refused"))),
    report.problem.detail && h("p", {}, report.problem.detail), errors.map((words) => h("p", {}, words)),
    h("p", { class: "stack" }, button(t("try_again"), () => retry(report.id)),
      button(t("as_new_report"), () => reopen(report))));
}

async function reopen(report) {
  const fresh = await thaw(report.id);
  if (fresh) go(`/close-out/${fresh.visit}/review`);
  else await draw();
}

async function waiting(report) {
  return h("li", { class: "card" }, h("h3", {}, await nameOf(report)),
    h("p", {}, t(report.state === "sending" ? "waits_begun" : "waits", { time: timeOf(report.frozen_at) })),
    canChange(report) && button(t("change_it"), () => reopen(report), "button--quiet"));
}

async function draft(report) {
  const sure = asked === report.id;
  const discard = async () => {
    if (!sure) asked = report.id;
    else { await forget(report.id); asked = null; }
    await draw();
  };
  return h("li", { class: "card" }, h("h3", {}, await nameOf(report)), h("p", {}, t("draft_since", { time: timeOf(report.opened_at) })),
    h("p", { class: "stack" }, link(t("close_out_on"), `#/close-out/${report.visit}`), button(t(sure ? "discard_sure" : "discard"), discard, sure ? "button--danger" : "button--quiet")));
}

async function act(row) {
  const dismiss = async () => { await remove("acts", row.key); await draw(); };
  return h("li", { class: "card" }, h("h3", {}, await nameOf(row)), h("p", {}, t({ "on-site": "on_site_at", "off-site": "off_site_at", "give-back": "give_back_at" }[row.kind] ?? "on_my_way_at", { time: timeOf(row.at) })),
    row.problem && h("p", {}, h("strong", {}, row.problem)), row.problem && button(t("seen"), dismiss));
}

const section = async (words, rows, one) => (rows.length ? [h("h2", {}, words), h("ul", { class: "cards" }, await Promise.all(rows.map(one)))] : []);

function why(box) {
  const words = { offline: "why_offline", foreign: "why_foreign", busy: "why_busy", full: "why_full", signed_out: "why_signed_out" }[status.state];
  const idle = !box.waiting.length && !box.acts.length;
  return [
    h("p", { class: "lead" }, summary(box)),
    !idle && words && notice("info", h("p", {}, t(words)), status.retryAt && h("p", { class: "muted" }, t("next_try", { time: timeOf(status.retryAt) }))),
    box.others > 0 && notice("info", h("p", {}, counted("box_others", box.others))),
    box.unclaimed > 0 && notice("info", h("p", {}, counted("box_unclaimed", box.unclaimed))),
    (status.state === "signed_out" || connection.state === "signed_out") && link(t("sign_in"), document.documentElement.dataset.signIn, "button--primary button--wide"),
  ];
}

async function screen() {
  const box = await contents();
  const kept = box.waiting.length + box.problems.length;
  const exportAll = async () => save(await exportOutbox());
  return {
    title: t("outbox"), isLive: true,
    nodes: [
      h("nav", { class: "steps", "aria-label": t("back") }, h("a", { class: "back", href: "#/" }, t("my_day"))),
      ...why(box),
      ...(await section(t("box_needs_you"), box.problems, problem)), ...(await section(t("box_refused"), box.refused, act)),
      ...(await section(t("box_waiting"), box.waiting, waiting)), ...(await section(t("box_taps"), box.acts, act)),
      ...(await section(t("box_drafts"), box.drafts, draft)),
      kept > 0 && h("section", { class: "last" }, h("h2", {}, t("last_resort")), h("p", {}, t("export_help")), button(t("export"), exportAll, "button--wide")),
      bar(button(t("send_now"), send, box.waiting.length + box.acts.length ? "button--primary" : "")),
    ],
  };
}

export const connect = () => route("/outbox", screen);
