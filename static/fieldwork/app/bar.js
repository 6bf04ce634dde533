// The line on top of every screen: is there coverage, and does anything wait on this phone.
import { connection } from "./api.js";
import { contents, status } from "./outbox.js";
import { counted, t } from "./words.js";

const MARKS = { online: "●", offline: "○", foreign: "○", busy: "○", signed_out: "!" };

const isSending = () => status.state === "sending" && status.of;

// In full, as the outbox says it.
export function summary(box) {
  const parts = [];
  if (box.problems.length) return counted("box_problems", box.problems.length);
  if (box.refused.length) return counted("box_not_taken", box.refused.length);
  if (isSending()) return t("box_sending", { at: Math.max(1, status.at), of: status.of });
  if (box.waiting.length) parts.push(counted("box_reports", box.waiting.length));
  if (box.photos) parts.push(counted("box_photos", box.photos));
  if (box.acts.length) parts.push(counted("box_acts", box.acts.length));
  if (parts.length) return t("box_waits", { what: parts.join(", ") });
  return t(box.unclaimed ? "box_unclaimed_short" : "box_sent");
}

// There is room for a number on top.
function short(box) {
  const waits = box.waiting.length + box.acts.length;
  return waits && !box.problems.length && !box.refused.length && !isSending() ? t("box_count", { count: waits }) : summary(box);
}

export async function drawBar() {
  const box = await contents();
  const mark = document.querySelector("[data-connection]");
  mark.textContent = `${MARKS[connection.state]} ${t(connection.state)}`;
  mark.dataset.connection = connection.state;
  const words = document.querySelector("[data-outbox]");
  words.textContent = short(box);
  const waits = box.waiting.length + box.acts.length + box.problems.length;
  words.dataset.outbox = box.problems.length || box.refused.length ? "problem" : waits ? "waits" : "sent";
  document.querySelector("[data-signed-out]").hidden = connection.state !== "signed_out";
}
