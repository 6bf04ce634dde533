// The close-out, one decision a screen: which screens there are, and what all of them share.
import { change, photosOf, setting } from "./db.js";
import { bar, button, h, link, notice } from "./dom.js";
import * as drafts from "./drafts.js";
import * as checks from "./closeout-checks.js";
import * as end from "./closeout-end.js";
import * as photos from "./closeout-photos.js";
import { picks } from "./photos.js";
import * as serial from "./closeout-serial.js";
import { draw, go, route } from "./router.js";
import { visitOf } from "./sync.js";
import { t } from "./words.js";

const SCREENS = {
  access: checks.access, checks: checks.overview, check: checks.single, photos: photos.overview, photo: photos.single,
  serial: serial.screen, outcome: end.outcome, reasons: end.reasons, notes: end.notes, review: end.review,
};

// What a screen gets: the draft as it is now, and the ways on.
async function contextOf(report) {
  const base = `/close-out/${report.visit}`;
  const steps = drafts.stepsOf(report);
  const to = async (step, more = "") => {
    await change("reports", report.id, (row) => { row.step = step; row.reviewed ||= step === "review"; });
    go(`${base}/${step}${more}`);
  };
  // Whoever came from the review goes back there, unless something is missing now.
  const after = (step, fresh) => {
    const place = drafts.stepsOf(fresh).indexOf(step);
    if (place < 0 || fresh.reviewed) return drafts.missing(fresh)[0] ?? "review";
    return drafts.stepsOf(fresh)[place + 1];
  };
  return {
    report, steps, to, base,
    answers: report.answers,
    photos: await photosOf(report.id),
    picks: await picks(report.id),
    reasons: await setting("reasons", []),
    // Saves, then goes to the screen after `step`, as things are then.
    next: async (step, edit = () => {}) => to(after(step, await drafts.answer(report, edit))),
    keep: (edit) => drafts.answer(report, edit),
    save: async (edit) => { await drafts.answer(report, edit); return draw(); },
    stop: async (why) => { await drafts.stop(report, why); await to("reasons"); },
  };
}

const stopButton = (context) => button(t("not_safe"), () => context.stop("unsafe"), "button--stop");

function backTo(context, step) {
  const place = context.steps.indexOf(step);
  if (step === "check") return `#${context.base}/checks`;
  if (step === "photo") return `#${context.base}/photos`;
  return place > 0 ? `#${context.base}/${context.steps[place - 1]}` : `#/visit/${context.report.visit}`;
}

function stopped(context) {
  return notice("warning", h("p", {}, h("strong", {}, t("stopped")), " ", t(context.answers.stopped === "unsafe" ? "stopped_unsafe" : "stopped_access")),
    button(t("go_on_after_all"), async () => { await drafts.goOn(context.report); await context.to("access"); }, "button--quiet"));
}

async function screen(visit, step = "", more = "") {
  const report = await drafts.draftOf(Number(visit));
  if (!report) return begin(Number(visit));
  if (!step) return { title: t("close_out"), nodes: [], ready: () => go(`/close-out/${visit}/${report.step}`, { instead: true }) };
  const context = await contextOf(report);
  const made = SCREENS[step](context, more);
  const place = context.steps.indexOf({ check: "checks", photo: "photos" }[step] ?? step);
  const showsStop = context.answers.stopped && step === "reasons";
  return {
    title: made.title, isForm: true, ready: made.ready,
    nodes: [
      h("nav", { class: "steps", "aria-label": t("steps") }, h("a", { class: "back", href: backTo(context, step) }, t("back")),
        h("span", {}, t("step_of", { at: place + 1, of: context.steps.length })), h("span", { class: "muted" }, report.label.order)),
      h("progress", { value: place + 1, max: context.steps.length, "aria-label": t("steps") }),
      showsStop && stopped(context), ...made.nodes,
      bar(!context.answers.stopped && stopButton(context), made.primary),
    ],
  };
}

// The form opens: its id is minted now.
async function begin(id) {
  const { visit, day } = await visitOf(id);
  if (!visit) return { title: t("not_here"), nodes: [h("p", {}, t("not_here_why")), bar(link(t("my_day"), "#/", "button--primary"))] };
  return { title: t("close_out"), nodes: [], ready: async () => { await drafts.open(visit, day); draw(); } };
}

export const connect = () => route("/close-out/(\\d+)(?:/([a-z]+))?(?:/([A-Za-z0-9]+))?", screen);
