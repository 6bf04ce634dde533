// Reads the bar code with the browser's own reader; where it has none, with ZXing, loaded only then.
import { h } from "./dom.js";

const EACH_MS = 250;
const LONGEST = 60;

export function zxing() {
  return globalThis.ZXing ? Promise.resolve(globalThis.ZXing) : new Promise((resolve, reject) => {
    const script = h("script", { src: document.documentElement.dataset.zxing });
    script.addEventListener("load", () => resolve(globalThis.ZXing));
    script.addEventListener("error", reject);
    document.head.append(script);
  });
}

async function native() {
  if (!("BarcodeDetector" in globalThis)) return null;
  const formats = await BarcodeDetector.getSupportedFormats();
  if (!formats.length) return null;
  const detector = new BarcodeDetector({ formats });
  return async (picture) => (await detector.detect(picture)).map((code) => code.rawValue);
}

async function fallback() {
  const { BinaryBitmap, DecodeHintType, HTMLCanvasElementLuminanceSource, HybridBinarizer, MultiFormatReader } = await zxing();
  const reader = new MultiFormatReader();
  reader.setHints(new Map([[DecodeHintType.TRY_HARDER, true]]));
  return async (picture) => {
    try {
      return [reader.decodeWithState(new BinaryBitmap(new HybridBinarizer(new HTMLCanvasElementLuminanceSource(picture)))).getText()];
    } catch {
      return []; // no code in this picture
    }
  };
}

// What the camera sees now; `turned` by a quarter, since a label may be mounted upright.
function pictureOf(video, canvas, turned) {
  const [width, height] = [video.videoWidth, video.videoHeight];
  [canvas.width, canvas.height] = turned ? [height, width] : [width, height];
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  if (turned) {
    pen.translate(height, 0);
    pen.rotate(Math.PI / 2);
  }
  pen.drawImage(video, 0, 0);
  return canvas;
}

// Looks until a code holds a number that fits, then calls `taken(number)` once; `other(text)` hears of each code that
// doesn't. Gives a function that switches the camera off. Raises where there is no camera.
export async function scan(video, pattern, taken, other = () => {}) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  let on = true;
  const off = () => { on = false; for (const track of stream.getTracks()) track.stop(); };
  video.srcObject = stream;
  await video.play();
  const read = (await native()) ?? (await fallback());
  const canvas = document.createElement("canvas");
  let turned = true;
  const look = async () => {
    if (!on || !video.isConnected) { off(); return; }
    turned = !turned;
    const texts = video.videoWidth ? await read(pictureOf(video, canvas, turned)) : [];
    if (!on) return;
    const number = texts.map((text) => numberIn(text, pattern)).find(Boolean);
    if (number) { off(); taken(number); return; }
    if (texts.length) other(texts[0]);
    setTimeout(look, EACH_MS);
  };
  look();
  return off;
}

// Numbers are compared in capitals, without spaces (`serial_patterns.py` reads them the same).
export const numberOf = (typed) => typed.replace(/\s+/g, "").toUpperCase();

export const fits = (number, pattern) => !pattern || new RegExp(`^(?:${pattern})$`).test(numberOf(number));

// A code may say more than the number, such as "(21)TG1...": of its parts, the one that fits. Null where none does.
export function numberIn(text, pattern) {
  const whole = numberOf(text);
  if (!pattern) return whole.slice(0, LONGEST) || null;
  const parts = [/[\s,;:=()|]+/, /[^A-Z0-9-]+/, /[^A-Z0-9]+/].flatMap((between) => text.toUpperCase().split(between));
  return [whole, ...parts].find((part) => part && fits(part, pattern)) ?? null;
}
