// Other days, putting the app on the home screen, signing out.
import { connection } from "./api.js";
import { days } from "./day.js";
import { setting } from "./db.js";
import { bar, button, h, link, notice } from "./dom.js";
import { contents } from "./outbox.js";
import { route } from "./router.js";
import { forgetEverythingButTheOutbox } from "./sync.js";
import { today } from "./times.js";
import { installer } from "./updates.js";
import { counted, t } from "./words.js";

// Addresses and notes leave this phone first; then the portal ends the session.
async function signOut() {
  await forgetEverythingButTheOutbox();
  location.assign(document.documentElement.dataset.signOut);
}

function install() {
  if (matchMedia("(display-mode: standalone)").matches || navigator.standalone) return [];
  const can = installer();
  const isApple = /iPhone|iPad|iPod/.test(navigator.userAgent);
  return [h("h2", {}, t("install")), h("p", {}, t(isApple ? "install_apple" : "install_help")), can && button(t("install_do"), can, "button--wide")];
}

async function screen() {
  const [box, me, persisted] = await Promise.all([contents(), setting("technician"), navigator.storage?.persisted?.() ?? false]);
  const waits = box.waiting.length + box.problems.length + box.drafts.length;
  return {
    title: t("more"), under: me?.name, isLive: true,
    nodes: [
      h("nav", { class: "steps", "aria-label": t("back") }, h("a", { class: "back", href: "#/" }, t("my_day"))),
      h("h2", {}, t("other_days")),
      connection.state === "online" ? h("p", { class: "stack" }, days(today())) : h("p", { class: "muted" }, t("with_coverage_later")),
      ...install(),
      h("h2", {}, t("this_phone")),
      h("p", {}, t(persisted ? "persisted" : "not_persisted")), h("p", {}, t("what_is_kept")),
      h("p", { class: "stack" }, link(t("outbox"), "#/outbox"), link(t("plain_pages"), `/field/?on=${today()}`)),
      h("h2", {}, t("sign_out")),
      box.others > 0 && notice("info", h("p", {}, counted("box_others", box.others))),
      box.unclaimed > 0 && notice("info", h("p", {}, counted("box_unclaimed", box.unclaimed))),
      waits > 0 && notice("warning", h("p", {}, counted("sign_out_waits", waits))),
      ["offline", "foreign", "busy"].includes(connection.state) ? h("p", { class: "muted" }, t(connection.state === "offline" ? "sign_out_offline" : "with_portal_later")) : button(t("sign_out_do"), signOut, "button--wide"),
      h("p", { class: "muted" }, t("version", { version: document.documentElement.dataset.version })),
      bar(link(t("my_day"), "#/", "button--primary")),
    ],
  };
}

export const connect = () => route("/more", screen);
