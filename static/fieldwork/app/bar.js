// The line on top of every screen: is there coverage, and does anything wait on this phone.
import { connection } from "./api.js";
import { contents, status } from "./outbox.js";
import { counted, t } from "./words.js";

const MARKS = { online: "●", offline: "○", signed_out: "!" };

export function summary(box) {
  const parts = [];
  if (box.problems.length) return counted("box_problems", box.problems.length);
  if (status.state === "sending" && status.of) return t("box_sending", { at: Math.max(1, status.at), of: status.of });
  if (box.waiting.length) parts.push(counted("box_reports", box.waiting.length));
  if (box.photos) parts.push(counted("box_photos", box.photos));
  if (box.acts.length) parts.push(counted("box_acts", box.acts.length));
  return parts.length ? t("box_waits", { what: parts.join(", ") }) : t("box_sent");
}

export async function drawBar() {
  const box = await contents();
  const mark = document.querySelector("[data-connection]");
  mark.textContent = `${MARKS[connection.state]} ${t(connection.state)}`;
  mark.dataset.connection = connection.state;
  const words = document.querySelector("[data-outbox]");
  words.textContent = summary(box);
  const waits = box.waiting.length + box.acts.length + box.problems.length;
  words.dataset.outbox = box.problems.length ? "problem" : waits ? "waits" : "sent";
  document.querySelector("[data-signed-out]").hidden = connection.state !== "signed_out";
}
