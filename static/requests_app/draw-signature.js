/**
 * A place to draw the signature, beside the typed name, which alone is enough.
 *
 * The picture goes with the form as PNG, and only where something was drawn.
 */
import SignaturePad from "../signature_pad/signature_pad.min.js";

const INK = "rgb(18, 54, 91)";

class Drawing {
  constructor(place) {
    this.canvas = place.querySelector("canvas");
    this.form = place.closest("form");
    place.hidden = false;
    this.pad = new SignaturePad(this.canvas, { penColor: INK, backgroundColor: "rgb(255, 255, 255)" });
    this.fit();
    const before = this.form.elements.drawing.value;  // the page came back with an error
    if (before) this.pad.fromDataURL(before);
    window.addEventListener("resize", () => this.fit());
    place.querySelector("[data-clear]").addEventListener("click", () => this.pad.clear());
    this.form.addEventListener("submit", () => this.hand());
  }

  /** As many points as the screen has, and the strokes so far kept when a phone is turned. */
  fit() {
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    const strokes = this.pad.toData();
    if (this.canvas.width === Math.round(this.canvas.offsetWidth * ratio)) return;
    this.canvas.width = Math.round(this.canvas.offsetWidth * ratio);
    this.canvas.height = Math.round(this.canvas.offsetHeight * ratio);
    this.canvas.getContext("2d").scale(ratio, ratio);
    this.pad.clear();
    this.pad.fromData(strokes);
  }

  hand() {
    this.form.elements.drawing.value = this.pad.isEmpty() ? "" : this.pad.toDataURL("image/png");
  }
}

document.querySelectorAll("[data-drawing]").forEach((place) => new Drawing(place));
