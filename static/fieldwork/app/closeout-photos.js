// Photos: take, look at, mark, say what they show, take away.
import { change, isFull, remove } from "./db.js";
import { announce, button, h, notice } from "./dom.js";
import { reasonsInOrder } from "./drafts.js";
import { drawn, editor } from "./marks.js";
import { add, addressOf, MOST_PHOTOS } from "./photos.js";
import { draw } from "./router.js";
import { counted, t } from "./words.js";

let unreadable = false;
let tool = "circle";

async function take(context, input) {
  unreadable = false;
  announce(t("photo_working"));
  for (const file of input.files) {
    try {
      await add(context.report.id, file);
    } catch (error) {
      if (isFull(error)) throw error; // said on top of every screen (app.js)
      unreadable = true; // said on the screen; the others are taken
    }
  }
  announce("");
  await draw();
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
  const full = photos.length >= MOST_PHOTOS;
  return {
    title: t("photos_title"),
    nodes: [
      h("p", {}, t(context.answers.outcome === "unsuccessful" ? "photos_help_failed" : "photos_help")),
      unreadable && notice("error", h("p", {}, t("photo_unreadable"))),
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
