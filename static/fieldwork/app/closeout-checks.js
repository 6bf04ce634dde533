// Can the meter be reached, and each check of the eligibility rules.
import { button, h } from "./dom.js";
import { ACCESS, checksOf, openChecks } from "./drafts.js";
import { t } from "./words.js";

const ANSWERS = ["ok", "not_ok", "not_seen"];
const MARKS = { ok: "✓", not_ok: "✕", not_seen: "?" };
const textOf = (answer) => (answer ? `${MARKS[answer]} ${t(answer)}` : t("open"));

export function access(context) {
  const choose = (edit) => context.next("access", edit);
  return {
    title: t("access_question"),
    nodes: [
      h("p", { class: "lead" }, t("access_help")),
      h("div", { class: "choices" },
        button(t("access_yes"), () => choose((answers) => { answers.access = "ok"; answers.checks[ACCESS] = "ok"; }), "choice choice--ok"),
        button(t("access_no"), () => context.stop("access"), "choice choice--no")),
    ],
  };
}

export function overview(context) {
  const { checks } = context.answers;
  const list = checksOf(context.report);
  const open = openChecks(context.report).filter((check) => check.number !== ACCESS);
  const everythingOk = () => context.next("checks", (answers) => { for (const check of open) answers.checks[check.number] = "ok"; });
  const some = open.length < list.length;
  const primary = open.length
    ? button(t(some ? "go_on_checks" : "one_by_one", { count: open.length }), () => context.to("check", `/${open[0].number}`), some ? "button--primary" : "")
    : button(t("next"), () => context.next("checks"), "button--primary");
  return {
    title: t("checks_title"),
    nodes: [
      h("p", {}, t("checks_help")),
      h("ul", { class: "rows" }, list.map((check) => h("li", {},
        h("a", { class: `row row--${checks[check.number] ?? "open"}`, href: `#${context.base}/check/${check.number}` },
          h("span", {}, check.text), h("strong", {}, textOf(checks[check.number])))))),
      open.length > 0 && h("p", { class: "fast" }, button(t("all_ok", { count: open.length }), everythingOk, "choice choice--ok"), h("span", { class: "muted" }, t("all_ok_help"))),
    ].filter(Boolean),
    primary,
  };
}

export function single(context, number) {
  const list = checksOf(context.report);
  const check = list.find((each) => each.number === number) ?? list[0];
  const chosen = context.answers.checks[check.number];
  const choose = async (answer) => {
    await context.keep((answers) => { answers.checks[check.number] = answer; });
    const later = list.slice(list.indexOf(check) + 1).find((each) => !context.answers.checks[each.number]);
    await (later && !chosen ? context.to("check", `/${later.number}`) : context.to("checks"));
  };
  return {
    title: check.text,
    nodes: [
      h("p", { class: "muted" }, t("check_of", { at: list.indexOf(check) + 1, of: list.length, rule: check.number })),
      h("div", { class: "choices" }, ANSWERS.map((answer) =>
        h("button", { type: "button", class: `choice choice--${answer === "ok" ? "ok" : answer === "not_ok" ? "no" : "unsure"}`, "aria-pressed": String(chosen === answer), onclick: () => choose(answer) }, textOf(answer)))),
    ],
  };
}
