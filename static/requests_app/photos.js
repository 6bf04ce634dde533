/**
 * A photo shows as soon as it is taken, goes off by itself, and comes back as the stored copy.
 *
 * Where it could not be sent it stays on the page, with the cause, and is sent once that is gone. Without this script
 * the same forms send a photo as a page.
 */
import { Failure, post, trouble } from "../portal/saving.js";
import { checked } from "./held.js";

const list = document.querySelector("[data-photos]");
const status = document.querySelector("[data-photo-status]");

function say(words) {
  status.textContent = words;
}

function preview(form) {
  const [file] = form.elements.photo.files;
  const image = new Image();
  image.src = URL.createObjectURL(file);
  image.alt = form.dataset.saving;
  // A browser that cannot draw the kind of photo (HEIC, in most) waits for the stored copy.
  image.addEventListener("error", () => image.remove());
  form.closest("[data-photo-card]").querySelector("[data-preview]").replaceChildren(image);
}

function fail(form, words) {
  form.closest("[data-photo-card]").classList.add("photo-card--failed");
  form.querySelector("[data-error]").textContent = words;
  form.elements.photo.setAttribute("aria-invalid", "true");
  form.removeAttribute("aria-busy");
  say(words);
}

// Inspectors open the photo first: its place in line shows until then, and the card comes after.
async function posted(form, body) {
  const response = await post(form.action, body, { accepts: "html" });
  if (response.status !== 202) return response;
  const { held, address } = await response.json();
  await checked(address, (words) => say(words ?? form.dataset.saving));
  const sentOn = new FormData();
  sentOn.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
  sentOn.set("held", held);
  return post(form.action, sentOn, { accepts: "html" });
}

async function send(form, button) {
  const removes = button?.name === "remove";
  const body = new FormData(form, button);
  body.append("card", "1");
  form.setAttribute("aria-busy", "true");
  say(form.dataset.saving);
  try {
    const response = await posted(form, body);
    const html = await response.text();
    if (!html.includes("data-photo-card")) throw new Failure("unreachable");
    trouble.clear(form);
    show(form, html, response.ok, removes);
  } catch (error) {
    const failure = error instanceof Failure ? error : new Failure("unreachable");
    if (failure.cause === "tooLarge") return fail(form, form.dataset.tooLarge);
    fail(form, form.dataset.failed);
    trouble.show(form, failure, () => send(form, button));
  }
}

function show(form, html, stored, removed) {
  const card = form.closest("[data-photo-card]");
  const { saved, removed: gone } = form.dataset;
  card.insertAdjacentHTML("afterend", html);
  const fresh = card.nextElementSibling;
  card.remove();
  fresh.querySelector('[name="photo"]').focus({ preventScroll: true });
  say(stored ? (removed ? gone : saved) : fresh.querySelector("[data-error]").textContent);
}

if (list) {
  window.addEventListener("beforeunload", (event) => {
    if (trouble.isThere || list.querySelector("form[aria-busy]")) event.preventDefault();
  });
  list.classList.add("is-live");
  list.addEventListener("change", (event) => {
    const form = event.target.closest("[data-photo]");
    if (event.target.name !== "photo" || !event.target.files.length) return;
    preview(form);
    send(form);
  });
  list.addEventListener("submit", (event) => {
    event.preventDefault();
    send(event.target, event.submitter);
  });
}
