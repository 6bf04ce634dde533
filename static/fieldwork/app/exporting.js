// The last resort: everything that waits, as one file that dispatch takes in. The format is told in docs/operations.md.
import { photosOf } from "./db.js";
import { mine } from "./outbox.js";

function base64(data) {
  const bytes = new Uint8Array(data);
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

async function exported(report) {
  const described = new Map(report.body.photos.map((photo) => [photo.sha256, photo]));
  const photos = (await photosOf(report.id)).map((photo) => ({ ...described.get(photo.sha256), data: base64(photo.data) }));
  return { ...report.body, id: report.id, photos };
}

// Drafts are not among them: nobody has said yet that they are complete.
export async function exportOutbox() {
  const reports = (await mine()).reports.filter((report) => report.state !== "draft");
  return { format: "msa-outbox-1", technician: reports[0].technician, reports: await Promise.all(reports.map(exported)) };
}

export function save(file) {
  const moment = new Date().toISOString().slice(0, 16).replace(/\D/g, "");
  const address = URL.createObjectURL(new Blob([JSON.stringify(file)], { type: "application/json" }));
  const link = document.createElement("a");
  Object.assign(link, { href: address, download: `msa-outbox-${file.technician}-${moment}.json` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
