// The leave-behind flyer on the phone's screen (V4): made from what the phone has, so also without coverage.
import { setting } from "./db.js";
import { bar, h, link, svg } from "./dom.js";
import { waitsFor } from "./outbox.js";
import { route } from "./router.js";
import { zxing } from "./scanner.js";
import { visitOf } from "./sync.js";
import { t } from "./words.js";

const QUIET = 4; // modules of white around the code

async function code(text) {
  const { QRCodeEncoder, QRCodeDecoderErrorCorrectionLevel } = await zxing();
  const matrix = QRCodeEncoder.encode(text, QRCodeDecoderErrorCorrectionLevel.M).getMatrix();
  const size = matrix.getWidth();
  let dots = "";
  for (let y = 0; y < size; y += 1) for (let x = 0; x < size; x += 1) if (matrix.get(x, y) === 1) dots += `M${x + QUIET} ${y + QUIET}h1v1h-1z`;
  const box = svg("svg", { viewBox: `0 0 ${size + 2 * QUIET} ${size + 2 * QUIET}`, class: "qr", role: "img", "aria-label": t("qr", { address: text }), "shape-rendering": "crispEdges" });
  box.append(svg("rect", { width: "100%", height: "100%", fill: "#fff" }), svg("path", { d: dots, fill: "#000" }));
  return box;
}

async function screen(id) {
  const row = await waitsFor(Number(id));
  const { visit } = await visitOf(Number(id));
  const reference = row?.label.reference ?? visit?.reference;
  const codes = row?.body?.reasons ?? row?.reasons ?? [];
  const reasons = (await setting("reasons", [])).filter((reason) => codes.includes(reason.code));
  const address = document.documentElement.dataset.options.replace("REFERENCE", reference);
  return {
    title: t("flyer_title"), isFlyer: true,
    nodes: [
      visit && h("p", { class: "muted" }, visit.address),
      reasons.map((reason) => h("section", {}, h("h2", {}, reason.title), h("p", {}, reason.explanation))),
      h("h2", {}, t("flyer_ways")), h("p", {}, t("flyer_scan")), reference && (await code(address)), h("p", { class: "address" }, address),
      bar(link(t("close"), `#/done/${id}`, "button--primary")),
    ].flat(),
  };
}

export const connect = () => route("/flyer/(\\d+)", screen);
