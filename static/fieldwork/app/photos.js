// A photo is scaled and hashed on the phone. Encoding it anew leaves out what the camera wrote into it, the place too.
import { photosOf, put } from "./db.js";

export const MOST_PHOTOS = 8;
const LONGEST_SIDE = 1600;
const QUALITY = 0.82;

async function decode(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    const image = new Image(); // some browsers read more kinds this way
    image.src = URL.createObjectURL(file);
    try {
      await image.decode();
      return image;
    } finally {
      URL.revokeObjectURL(image.src);
    }
  }
}

async function scaled(file) {
  const picture = await decode(file);
  const [width, height] = [picture.naturalWidth ?? picture.width, picture.naturalHeight ?? picture.height];
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close?.();
  const blob = await new Promise((resolve) => { canvas.toBlob(resolve, "image/jpeg", QUALITY); });
  if (!blob) throw new Error("the photo cannot be encoded");
  return blob.arrayBuffer();
}

export async function sha256(data) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Raises where it is no picture that this browser can read, and where the phone is full (`isFull`). The same photo
// twice is one.
export async function add(report, file) {
  const data = await scaled(file);
  const hash = await sha256(data);
  const before = await photosOf(report);
  if (before.length >= MOST_PHOTOS || before.some((photo) => photo.sha256 === hash)) return;
  const taken = new Date(file.lastModified || Date.now()).toISOString();
  await put("photos", {
    report, sha256: hash, data, size: data.byteLength, taken_at: taken, reason: "", marks: [], sent: false, order: Date.now() + before.length / 10,
  });
}

// One address for each photo, however often its screen is drawn.
const addresses = new Map();

export function addressOf({ sha256: hash, data }) {
  if (!addresses.has(hash)) addresses.set(hash, URL.createObjectURL(new Blob([data], { type: "image/jpeg" })));
  return addresses.get(hash);
}
