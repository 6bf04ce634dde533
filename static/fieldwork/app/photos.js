// A photo is kept as it was picked, at once; then it is scaled and hashed on the phone, whatever happens meanwhile: each is
// kept, or named with the reason why not (fault 66). Encoding it again leaves out what the camera wrote into it, the place too.
import { digest } from "./api.js";
import { all, isFull, picksOf, put, remove, settle } from "./db.js";

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

const LOCK = "msa-picks";
const unkept = new Set(); // of a full phone: picks that only this page has
const stuck = new Set(); // keys of picks that stay as they are: there was not even room to say why
const watchers = new Set();
let turn = Promise.resolve();

// Called after each photo that was kept, or could not be.
export const watchPicks = (watcher) => watchers.add(watcher);

const refusal = (report, photos, hash) => {
  if (report?.state !== "draft") return "too_late";
  const isNew = !photos.some((photo) => photo.sha256 === hash);
  return isNew && photos.length >= MOST_PHOTOS ? "too_many" : null;
};

// What still stands between the picked photos and the report: those that are being scaled, and those that were not kept.
export async function picks(report) {
  const stored = (await picksOf(report)).map((row) => (stuck.has(row.key) ? { ...row, problem: "full" } : row));
  const rows = [...stored, ...[...unkept].filter((row) => row.report === report)];
  return { working: rows.filter((row) => !row.problem), failed: rows.filter((row) => row.problem) };
}

export async function dismiss(pick) {
  unkept.delete(pick);
  if (pick.key !== undefined) await remove("picks", pick.key);
}

// All that were picked, in their order.
export async function pick(report, files) {
  stuck.clear(); // there may be room by now
  for (const [place, file] of [...files].entries()) {
    const row = { report, name: file.name, file, at: Date.now() + place / 100 };
    try {
      await put("picks", row);
    } catch (error) {
      if (!isFull(error)) throw error;
      unkept.add(row); // there may be room for it once it is scaled
    }
  }
  return work();
}

// Scales what was picked, also before the app was closed. One at a time on this phone: two tabs do not do it twice.
export function work() {
  const through = async () => {
    for (let row = await next(); row; row = await next()) {
      await settled(row);
      for (const watcher of watchers) watcher();
    }
  };
  const locks = globalThis.navigator.locks;
  turn = turn.catch(() => {}).then(() => (locks ? locks.request(LOCK, through) : through()));
  return turn;
}

const next = async () => [...(await all("picks")), ...unkept].find((row) => !row.problem && !stuck.has(row.key)) ?? null;

async function settled(row) {
  const photo = await made(row);
  const look = (report, photos) => (photo ? refusal(report, photos, photo.sha256) : "unreadable");
  let why = null;
  try {
    why = await settle(row, photo, look);
  } catch (error) {
    if (!isFull(error)) throw error;
    why = "full";
    if (row.key !== undefined) await settle(row, null, () => why).catch((worse) => stick(row, worse));
  }
  if (!unkept.delete(row) || !why) return;
  unkept.add({ report: row.report, name: row.name, problem: why });
}

function stick(row, error) {
  if (!isFull(error)) throw error;
  stuck.add(row.key);
}

// Null for what is no picture that this browser can read.
async function made({ file, at }) {
  try {
    const data = await scaled(file);
    const taken = new Date(file.lastModified || at).toISOString();
    return { sha256: await digest(data), data, size: data.byteLength, taken_at: taken, reason: "", marks: [], sent: false, order: at };
  } catch {
    return null;
  }
}

// One address for each photo, however often its screen is drawn.
const addresses = new Map();

export function addressOf({ sha256: hash, data }) {
  if (!addresses.has(hash)) addresses.set(hash, URL.createObjectURL(new Blob([data], { type: "image/jpeg" })));
  return addresses.get(hash);
}
