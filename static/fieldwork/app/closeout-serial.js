// The MSA's serial number: scanned or typed, held against the product's pattern.
import { button, h, notice } from "./dom.js";
import { fits, numberIn, scan } from "./scanner.js";
import { t } from "./words.js";

let noCamera = false;

async function camera(context, place) {
  const { serial_pattern: pattern } = context.report.work.device;
  const video = h("video", { playsinline: true, muted: true, "aria-label": t("serial_camera") });
  place.replaceChildren(video, h("p", {}, t("serial_aim")));
  noCamera = false;
  try {
    await scan(video, (text) => context.save((answers) => Object.assign(answers, { serial: numberIn(text, pattern), serial_sure: false })));
  } catch {
    noCamera = true; // refused, or none there: typing is always possible
    await context.save(() => {});
  }
}

export function screen(context) {
  const { device } = context.report.work;
  const { serial, serial_sure: sure } = context.answers;
  const wrong = Boolean(serial) && !sure && !fits(serial, device.serial_pattern);
  const place = h("div", { class: "camera" });
  const input = h("input", {
    id: "serial", type: "text", value: serial, autocapitalize: "characters", autocomplete: "off", spellcheck: "false", maxlength: "60", enterkeyhint: "done",
    "aria-invalid": String(wrong), "aria-describedby": wrong ? "serial-wrong" : null,
  });
  const typed = () => input.value.trim().toUpperCase();
  const keep = () => { if (typed() !== serial) context.save((answers) => Object.assign(answers, { serial: typed(), serial_sure: false })); };
  input.addEventListener("change", keep);
  const goOn = () => {
    if (typed() === serial && !wrong) context.next("serial");
    else if (fits(typed(), device.serial_pattern)) context.next("serial", (answers) => Object.assign(answers, { serial: typed(), serial_sure: false }));
    else keep();
  };
  const none = () => context.next("serial", (answers) => Object.assign(answers, { serial: "", serial_sure: false }));
  return {
    title: t("serial_title"),
    nodes: [
      h("p", {}, t("serial_help", { device: device.name })),
      place,
      button(t("serial_scan"), () => camera(context, place), serial ? "button--wide" : "button--primary button--wide"),
      noCamera && notice("warning", h("p", {}, t("serial_no_camera"))),
      h("div", { class: "field" }, h("label", { for: "serial" }, t("serial_type")), input),
      serial && !wrong && h("p", { class: "good" }, `✓ ${t(sure ? "serial_sure" : device.serial_pattern ? "serial_fits" : "serial_kept")}`),
      wrong && notice("error", h("p", { id: "serial-wrong" }, h("strong", {}, t("serial_wrong", { device: device.name })), " ", t("serial_wrong_help")),
        button(t("serial_says_so"), () => context.next("serial", (answers) => { answers.serial_sure = true; }), "button--wide")),
      button(t("serial_none"), none, "button--quiet"),
    ].filter(Boolean),
    primary: button(t("next"), goOn, serial && !wrong ? "button--primary" : ""),
  };
}
