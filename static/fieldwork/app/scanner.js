// Reads the bar code with the browser's own reader; where it has none, with ZXing, loaded only then.
import { h } from "./dom.js";

const EACH_MS = 250;

export function zxing() {
  return globalThis.ZXing ? Promise.resolve(globalThis.ZXing) : new Promise((resolve, reject) => {
    const script = h("script", { src: document.documentElement.dataset.zxing });
    script.addEventListener("load", () => resolve(globalThis.ZXing));
    script.addEventListener("error", reject);
    document.head.append(script);
  });
}

async function native(video) {
  if (!("BarcodeDetector" in globalThis)) return null;
  const formats = await BarcodeDetector.getSupportedFormats();
  if (!formats.length) return null;
  const detector = new BarcodeDetector({ formats });
  return async () => (await detector.detect(video))[0]?.rawValue ?? null;
}

async function fallback(video) {
  const { BrowserMultiFormatReader } = await zxing();
  const reader = new BrowserMultiFormatReader();
  return async () => {
    try {
      return reader.decode(video).getText();
    } catch {
      return null; // no code in this picture
    }
  };
}

// Calls `found(text)` once. Gives a function that switches the camera off. Raises where there is no camera.
export async function scan(video, found) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  let on = true;
  const off = () => { on = false; for (const track of stream.getTracks()) track.stop(); };
  video.srcObject = stream;
  await video.play();
  const read = (await native(video)) ?? (await fallback(video));
  const look = async () => {
    if (!on || !video.isConnected) { off(); return; }
    const text = await read();
    if (text && on) { off(); found(text); } else setTimeout(look, EACH_MS);
  };
  look();
  return off;
}

// A code may say more than the number: of that, what fits the product.
export function numberIn(text, pattern) {
  const plain = text.trim().toUpperCase();
  if (!pattern) return plain.slice(0, 60);
  return (plain.match(new RegExp(pattern))?.[0] ?? plain).slice(0, 60);
}

export const fits = (number, pattern) => !pattern || new RegExp(`^(?:${pattern})$`).test(number);
