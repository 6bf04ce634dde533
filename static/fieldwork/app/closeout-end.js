// How it went, why not, notes, and the last look before it is sent.
import { button, h, link, notice } from "./dom.js";
import * as drafts from "./drafts.js";
import { picked } from "./closeout-photos.js";
import { photosOf } from "./db.js";
import { send } from "./outbox.js";
import { picks, work } from "./photos.js";
import { merged } from "./report.js";
import { draw, go, path } from "./router.js";
import { counted, t } from "./words.js";

const QUICK = ["note_dog", "note_gate", "note_live", "note_water", "note_insects", "note_blocked"];

export function outcome(context) {
  const failed = drafts.failedChecks(context.report);
  const choose = (value) => context.next("outcome", (answers) => { answers.outcome = value; });
  const choice = (value, words, kind) => h("button", { type: "button", class: `choice ${kind}`, "aria-pressed": String(context.answers.outcome === value), onclick: () => choose(value) }, words);
  return {
    title: t("outcome_title"),
    nodes: [
      failed.length > 0 && notice("warning", h("p", {}, counted("failed_checks", failed.length))),
      h("div", { class: "choices" },
        choice("complete", `✓ ${context.report.work.done_text}`, "choice--ok"),
        choice("unsuccessful", `✕ ${t("outcome_not")}`, "choice--no")),
    ].filter(Boolean),
  };
}

export function reasons(context) {
  const chosen = context.answers.reasons;
  const flip = (code) => context.save((answers) => {
    answers.reasons = answers.reasons.includes(code) ? answers.reasons.filter((each) => each !== code) : [...answers.reasons, code];
  });
  const list = drafts.reasonsInOrder(context.report, context.reasons, context.photos);
  const choice = (reason) => h("button", { type: "button", class: "choice choice--reason", "aria-pressed": String(chosen.includes(reason.code)), onclick: () => flip(reason.code) },
    h("span", { class: "box", "aria-hidden": "true" }, chosen.includes(reason.code) ? "✓" : ""),
    h("span", {}, h("strong", {}, reason.title), h("small", {}, t("responsible", { who: reason.responsible }))));
  const suggested = list.filter((reason) => reason.suggested);
  const others = list.filter((reason) => !reason.suggested);
  return {
    title: t("reasons_title"),
    nodes: [
      h("p", {}, t("reasons_help")),
      suggested.length > 0 && h("h2", {}, t("reasons_suggested")),
      h("div", { class: "choices" }, suggested.map(choice)),
      suggested.length > 0 && h("h2", {}, t("reasons_others")),
      h("div", { class: "choices" }, others.map(choice)),
    ].filter(Boolean),
    primary: chosen.length ? button(counted("reasons_next", chosen.length), () => context.next("reasons"), "button--primary") : h("p", { class: "bar-note" }, t("reasons_none")),
  };
}

export function notes(context) {
  const hazard = context.answers.reasons.includes("safety-hazard");
  const text = h("textarea", { id: "notes", rows: "4", maxlength: "2000" }, context.answers.notes);
  let base = context.answers.notes;
  // Another tab may have typed too: both stay.
  const keep = () => drafts.answer(context.report, (answers) => {
    const both = merged(base, answers.notes, text.value);
    if (both !== text.value) text.value = both;
    base = both;
    answers.notes = both;
  });
  text.addEventListener("input", keep);
  const quick = (words) => button(`+ ${words}`, () => { text.value = [text.value.trim(), words].filter(Boolean).join(text.value.trim() ? ". " : ""); keep(); });
  return {
    title: t(hazard ? "notes_title_hazard" : "notes_title"),
    nodes: [
      h("p", {}, t("notes_help")),
      context.answers.outcome === "unsuccessful" && h("div", { class: "quick", role: "group", "aria-label": t("notes_quick") }, QUICK.map((key) => quick(t(key)))),
      h("div", { class: "field" }, h("label", { for: "notes" }, t("notes_label")), text),
    ].filter(Boolean),
    primary: button(t("next"), async () => { await keep(); await context.next("notes"); }, "button--primary"),
  };
}

function line(context, step, name, ...value) {
  return h("li", {}, h("a", { class: "row", href: `#${context.base}/${step}` }, h("span", {}, h("small", {}, name), ...value), h("strong", {}, t("change"))));
}

function checksText(report) {
  const answers = Object.values(report.answers.checks);
  const of = (value) => answers.filter((each) => each === value).length;
  return [["ok", of("ok")], ["not_ok", of("not_ok")], ["not_seen", of("not_seen")]].filter(([, count]) => count).map(([value, count]) => `${count} ${t(value)}`).join(", ");
}

// As far as the phone can say: the server's own words come with its answer.
export function toldText(report, titles) {
  if (report.answers.outcome === "complete") return [t("told_done")];
  return [t("told_not"), ...titles.map((title) => `· ${title}`), t("told_ways")];
}

export function review(context) {
  const { report, answers } = context;
  const lacks = drafts.missing(report);
  const titles = context.reasons.filter((reason) => answers.reasons.includes(reason.code)).map((reason) => reason.title);
  const done = answers.outcome === "complete";
  const lackingEvidence = lacks.length ? [] : drafts.lacksEvidence(report, context.photos);
  const words = { checks: "lacks_checks", access: "lacks_checks", outcome: "lacks_outcome", reasons: "lacks_reasons" };
  return {
    title: t("review_title"),
    nodes: [
      said.why && said.of === report.id && notice("warning", h("p", {}, t(said.why))),
      ...picked(context),
      lacks.length > 0 && notice("error", h("ul", {}, lacks.map((step) => h("li", {}, h("a", { href: `#${context.base}/${step}` }, t(words[step])))))),
      done && drafts.failedChecks(report).length > 0 && notice("warning", h("p", {}, counted("done_with_failed", drafts.failedChecks(report).length))),
      h("ul", { class: "rows" },
        line(context, answers.stopped ? "reasons" : "outcome", t("outcome_title"), done ? report.work.done_text : t(answers.stopped === "unsafe" ? "outcome_unsafe" : "outcome_not")),
        !done && line(context, "reasons", t("reasons_title"), titles.join("; ") || "–"),
        line(context, "checks", t("checks_title"), checksText(report) || "–"),
        line(context, "photos", t("photos_title"), counted("photos_kept", context.photos.length)),
        drafts.needsSerial(report) && !answers.stopped && line(context, "serial", t("serial_title"), answers.serial || t("serial_empty")),
        line(context, "notes", t("notes_label"), answers.notes || "–")),
      asking === report.id && lackingEvidence.length > 0 && notice("warning", lackingEvidence.map((what) => h("p", {}, t(`lacks_${what}`))),
        h("p", { class: "stack" }, lackingEvidence.map((what) => link(t(`add_${what}`), `#${context.base}/${what === "photo" ? "photos" : "serial"}`)))),
      answers.outcome && h("section", { class: "told" }, h("h2", {}, t("told_title")), toldText(report, titles).map((words_) => h("p", {}, words_))),
    ].filter(Boolean),
    primary: lacks.length ? link(t("complete_first"), `#${context.base}/${lacks[0]}`) : sendButton(context, lackingEvidence),
  };
}

const said = { of: null, why: "" }; // why it was not sent just now
let asking = null; // the report that is asked about: without photo or serial number
let going = null; // the report that goes as soon as its photos are kept

function sendButton(context, lackingEvidence) {
  const { report } = context;
  if (going === report.id) return h("button", { type: "button", class: "button", disabled: true }, counted("send_waits", Math.max(1, context.picks.working.length)));
  const isAsked = asking === report.id && lackingEvidence.length;
  const ask = async () => { asking = report.id; await draw(); };
  if (lackingEvidence.length && !isAsked && !context.picks.working.length) return button(t("send"), ask, "button--primary");
  return button(t(isAsked ? "send_without" : "send"), () => sendIt(report, context.picks.failed.length), isAsked ? "" : "button--primary");
}

// Waits, for all to see, until each picked photo is kept or named; then goes on only if the last look still holds.
async function sendIt(report, knownFailures) {
  Object.assign(said, { of: report.id, why: "" });
  going = report.id;
  try {
    await draw();
    await work();
    const [photos, { failed }] = await Promise.all([photosOf(report.id), picks(report.id)]);
    const isNew = failed.length > knownFailures;
    const lacksNow = asking !== report.id && drafts.lacksEvidence(report, photos).length > 0;
    if (lacksNow) asking = report.id;
    const why = isNew ? "send_photo_failed" : lacksNow ? "" : await drafts.freeze(report);
    if (isNew || lacksNow || why) return await notSent(why);
  } finally {
    going = null;
  }
  asking = null;
  send();
  return path().startsWith(`/close-out/${report.visit}/`) ? go(`/done/${report.visit}`, { instead: true }) : undefined;
}

async function notSent(why) {
  going = null;
  said.why = { changed: "send_changed", gone: "send_gone", photos: "send_photos", send_photo_failed: "send_photo_failed" }[why] ?? "";
  await draw();
}
