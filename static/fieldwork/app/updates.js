// The service worker and its new versions. Whoever fills in a form is not asked; nothing reloads by itself.
import { isForm } from "./router.js";
import { status } from "./outbox.js";

let offered = null;
let waiting = null;

globalThis.addEventListener("beforeinstallprompt", (event) => { event.preventDefault(); offered = event; });

export function installer() {
  return offered && (async () => { await offered.prompt(); offered = null; });
}

const ask = document.querySelector("[data-update]");

// Called after each screen, and when something was sent: between two forms is the moment.
export function offerUpdate() {
  ask.hidden = !waiting || isForm() || status.state === "sending";
}

function found(worker) {
  waiting = worker;
  offerUpdate();
}

function follow(registration) {
  if (registration.waiting && navigator.serviceWorker.controller) found(registration.waiting);
  registration.addEventListener("updatefound", () => {
    const worker = registration.installing;
    worker.addEventListener("statechange", () => {
      if (worker.state === "installed" && navigator.serviceWorker.controller) found(worker);
    });
  });
}

export async function connect() {
  if (!("serviceWorker" in navigator)) return null;
  let wanted = false;
  ask.querySelector("button").addEventListener("click", () => { wanted = true; waiting?.postMessage("activate"); });
  navigator.serviceWorker.addEventListener("controllerchange", () => { if (wanted) location.reload(); });
  const registration = await navigator.serviceWorker.register(document.documentElement.dataset.worker, { scope: "/field/", updateViaCache: "none" });
  follow(registration);
  return registration;
}
