// The MSA's serial number: scanned or typed, held against the product's pattern.
import { button, h, notice } from "./dom.js";
import { fits, numberOf, scan } from "./scanner.js";
import { t } from "./words.js";

let noCamera = false;

async function camera(context, place) {
  const { serial_pattern: pattern } = context.report.work.device;
  const video = h("video", { playsinline: true, muted: true, "aria-label": t("serial_camera") });
  const aim = h("p", { role: "status" }, t("serial_aim"));
  place.replaceChildren(video, aim);
  noCamera = false;
  try {
    const taken = (serial) => context.save((answers) => Object.assign(answers, { serial, serial_sure: false }));
    await scan(video, pattern, taken, (text) => { aim.textContent = t("serial_other_code", { text: text.slice(0, 40) }); });
  } catch {
    noCamera = true; // refused, or none there: typing is always possible
    await context.save(() => {});
  }
}

export function screen(context) {
  const { device } = context.report.work;
  const pattern = device.serial_pattern;
  const { serial, serial_sure: sure } = context.answers;
  const input = h("input", {
    id: "serial", type: "text", value: serial, autocapitalize: "characters", autocomplete: "off", spellcheck: "false", maxlength: "60", enterkeyhint: "done",
    "aria-describedby": "serial-said",
  });
  const typed = () => numberOf(input.value);
  const isSure = () => sure && typed() === serial;
  const isWrong = () => Boolean(typed()) && !isSure() && !fits(typed(), pattern);
  // Said in place: drawing the screen anew would take the button from under a finger.
  const said = h("div", { id: "serial-said" });
  const say = () => {
    input.setAttribute("aria-invalid", String(isWrong()));
    said.replaceChildren(...verdict(device, typed(), isWrong(), isSure(), sayso));
  };
  const keep = (more = {}) => context.keep((answers) => Object.assign(answers, { serial: typed(), serial_sure: isSure(), ...more }));
  const sayso = async () => { await keep({ serial_sure: true }); await context.next("serial"); };
  input.addEventListener("input", () => { keep(); if (!isWrong()) say(); });
  input.addEventListener("change", say);
  say();
  const goOn = async () => {
    say();
    if (isWrong()) { input.focus(); return; }
    await keep();
    await context.next("serial");
  };
  const none = () => context.next("serial", (answers) => Object.assign(answers, { serial: "", serial_sure: false }));
  const place = h("div", { class: "camera" });
  return {
    title: t("serial_title"),
    nodes: [
      h("p", {}, t("serial_help", { device: device.name })),
      place,
      button(t("serial_scan"), () => camera(context, place), serial ? "button--wide" : "button--primary button--wide"),
      noCamera && notice("warning", h("p", {}, t("serial_no_camera"))),
      h("div", { class: "field" }, h("label", { for: "serial" }, t("serial_type")), input), said,
      button(t("serial_none"), none, "button--quiet"),
    ].filter(Boolean),
    primary: button(t("next"), goOn, serial && !isWrong() ? "button--primary" : ""),
  };
}

function verdict(device, serial, wrong, sure, sayso) {
  if (wrong) {
    return [notice("error", h("p", {}, h("strong", {}, t("serial_wrong", { device: device.name })), " ", t("serial_wrong_help")),
      button(t("serial_says_so"), sayso, "button--wide"))];
  }
  return serial ? [h("p", { class: "good" }, `✓ ${t(sure ? "serial_sure" : device.serial_pattern ? "serial_fits" : "serial_kept")}`)] : [];
}
