// The service worker and its new versions. Nobody is asked in the middle of a form; nothing reloads on its own.
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
  const registration = await register(document.documentElement.dataset.worker);
  follow(registration);
  return registration;
}

// As a module it imports the app's own sender. A browser that knows no such workers has the files all the same.
async function register(address) {
  const options = { scope: "/field/", updateViaCache: "none" };
  try {
    return await navigator.serviceWorker.register(`${address}?module`, { ...options, type: "module" });
  } catch {
    return navigator.serviceWorker.register(address, options);
  }
}
