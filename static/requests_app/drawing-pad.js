/**
 * A drawn signature beside the typed name. Without this script, or without a drawing, the name alone signs.
 */
import SignaturePad from "../signature_pad/signature_pad.min.js";

function fit(canvas, pad) {
  const scale = Math.max(window.devicePixelRatio || 1, 1);
  const strokes = pad.toData();
  canvas.width = canvas.offsetWidth * scale;
  canvas.height = canvas.offsetHeight * scale;
  canvas.getContext("2d").scale(scale, scale);
  pad.clear();
  pad.fromData(strokes);
}

function start() {
  const place = document.querySelector("[data-drawing-pad]");
  if (!place?.hidden) return;
  const field = place.closest("form").elements.drawing;
  const canvas = place.querySelector("canvas");
  place.hidden = false;
  // A form that came back with an error is drawn anew: what cannot be seen is not signed with.
  field.value = "";
  // White, as the file that is kept has no see-through parts.
  const pad = new SignaturePad(canvas, { backgroundColor: "#fff" });
  const keep = () => {
    field.value = pad.isEmpty() ? "" : pad.toDataURL("image/png");
  };
  fit(canvas, pad);
  window.addEventListener("resize", () => fit(canvas, pad));
  pad.addEventListener("endStroke", keep);
  place.querySelector("[data-clear]").addEventListener("click", () => {
    pad.clear();
    keep();
  });
}

start();
// The agreement's page shows the place to sign by itself, as soon as the document is there.
document.body.addEventListener("htmx:afterSwap", start);
