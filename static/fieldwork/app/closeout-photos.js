// Photos: take, look at, mark, say what they show, take away.
import { change, remove } from "./db.js";
import { announce, button, h, notice } from "./dom.js";
import { reasonsInOrder } from "./drafts.js";
import { drawn, editor } from "./marks.js";
import { send } from "./outbox.js";
import { addressOf, dismiss, MOST_PHOTOS, pick } from "./photos.js";
import { draw } from "./router.js";
import { counted, t } from "./words.js";

let tool = "circle";

const WHY = { unreadable: "photo_unreadable", full: "photo_no_room", too_many: "photo_too_many", too_late: "photo_too_late" };

async function take(context, input) {
  announce(t("photo_working"));
  const files = [...input.files];
  input.value = ""; // the same one again is a change again
  await drawWhile(pick(context.report.id, files));
  announce("");
  send(); // photos go up while the form is being filled in
}

// Each photo shows as it is kept (app.js draws then).
async function drawWhile(work) {
  await Promise.resolve();
  draw({ quiet: true });
  await work;
  await draw({ quiet: true });
}

// What becomes of the picked photos, on each screen from where they could be left behind.
export function picked({ picks: { working, failed } }) {
  const away = async (row) => { await dismiss(row); await draw(); };
  return [
    working.length > 0 && notice("info", h("p", { role: "status" }, counted("photos_working", working.length))),
    failed.length > 0 && notice("error", h("p", {}, h("strong", {}, counted("photos_not_kept", failed.length))),
      h("ul", { class: "lines" }, failed.map((row) => h("li", {}, `${row.name}: ${t(WHY[row.problem])}`, " ", button(t("seen"), () => away(row), "button--quiet"))))),
  ];
}

function picker(context, words, kind, more) {
  const input = h("input", { type: "file", accept: "image/*", class: "file", ...more });
  input.addEventListener("change", () => take(context, input));
  return h("label", { class: `button ${kind}` }, words, input);
}

function thumbnail(context, photo, number) {
  return h("li", {}, h("a", { class: "thumb", href: `#${context.base}/photo/${photo.sha256}`, "aria-label": t("photo_open", { number }) },
    h("img", { src: addressOf(photo), alt: "" }), drawn(photo.marks)));
}

export function overview(context) {
  const { photos } = context;
  const full = photos.length + context.picks.working.length >= MOST_PHOTOS;
  return {
    title: t("photos_title"),
    nodes: [
      h("p", {}, t(context.answers.outcome === "unsuccessful" ? "photos_help_failed" : "photos_help")),
      ...picked(context),
      h("ul", { class: "thumbs" }, photos.map((photo, place) => thumbnail(context, photo, place + 1))),
      full && h("p", {}, t("photos_full", { count: MOST_PHOTOS })),
      !full && picker(context, t("photo_take"), photos.length ? "button--wide" : "button--primary button--wide", { capture: "environment", "data-camera": true }),
      !full && picker(context, t("photo_choose"), "button--quiet", { multiple: true, "data-files": true }),
      h("p", { class: "muted" }, counted("photos_kept", photos.length)),
    ].filter(Boolean),
    primary: button(t(photos.length ? "next" : "next_without_photo"), () => context.next("photos"), photos.length ? "button--primary" : ""),
  };
}

function reasonChoices(context, photo) {
  const choose = async (code) => {
    await change("photos", [context.report.id, photo.sha256], (row) => { row.reason = row.reason === code ? "" : code; });
    await draw();
  };
  const list = reasonsInOrder(context.report, context.reasons, context.photos);
  return h("details", { open: Boolean(photo.reason) || context.answers.outcome === "unsuccessful" },
    h("summary", {}, t("photo_shows")),
    h("div", { class: "choices" }, list.map((reason) =>
      h("button", { type: "button", class: "choice choice--small", "aria-pressed": String(photo.reason === reason.code), onclick: () => choose(reason.code) },
        photo.reason === reason.code ? `✓ ${reason.title}` : reason.title))));
}

export function single(context, hash) {
  const photo = context.photos.find((each) => each.sha256 === hash);
  if (!photo) return { title: t("photos_title"), nodes: [h("p", {}, t("photo_gone"))], primary: button(t("next"), () => context.to("photos"), "button--primary") };
  const place = h("div", { class: "photo-place" });
  const tools = h("div", { class: "tools", role: "group", "aria-label": t("marks") });
  const image = h("img", { src: addressOf(photo), alt: t("photo_open", { number: context.photos.indexOf(photo) + 1 }), draggable: "false" });
  const ready = async () => {
    await image.decode();
    const work = editor(image, photo.marks, {
      tool: () => tool, label: t("marks_help"),
      save: (marks) => change("photos", [context.report.id, photo.sha256], (row) => { row.marks = marks; }),
    });
    place.replaceChildren(work.place);
    const choose = (name, element) => {
      tool = name;
      for (const each of tools.querySelectorAll("[data-tool]")) each.setAttribute("aria-pressed", String(each === element));
    };
    tools.replaceChildren(
      ...["circle", "arrow"].map((name) => h("button", { type: "button", class: "button", "data-tool": name, "aria-pressed": String(tool === name), onclick: (event) => choose(name, event.currentTarget) }, t(`mark_${name}`))),
      button(t("mark_middle"), work.middle), button(t("mark_undo"), work.undo));
  };
  const away = async () => { await remove("photos", [context.report.id, photo.sha256]); await context.to("photos"); };
  return {
    title: t("photo_title", { number: context.photos.indexOf(photo) + 1 }),
    nodes: [h("p", { class: "muted" }, t("marks_help")), place, tools, reasonChoices(context, photo), button(t("photo_remove"), away, "button--danger button--wide")],
    primary: button(t("photo_done"), () => context.to("photos"), "button--primary"),
    ready,
  };
}
