// Puts the parts together: screens, the outbox's occasions to send, the morning's sync, new versions.
import { connection, Offline, SignedOut } from "./api.js";
import { drawBar } from "./bar.js";
import { isFull } from "./db.js";
import * as closeout from "./closeout.js";
import * as day from "./day.js";
import * as done from "./done.js";
import * as flyer from "./flyer.js";
import * as more from "./more.js";
import { send, watch } from "./outbox.js";
import * as outboxPage from "./outbox-page.js";
import { draw, refresh } from "./router.js";
import { forgetOld, sync } from "./sync.js";
import * as updates from "./updates.js";
import * as visit from "./visit.js";

const TAG = "msa-outbox";
const CALL_BACK = 60_000; // a browser that calls back although there is no network is not asked again at once
const OFTEN = 10 * 60_000; // a day that is older than this is asked for again when the app comes to the front
let syncedAt = 0;
let registration = null;
let askedToCallBack = -Infinity;

for (const part of [day, visit, closeout, done, flyer, outboxPage, more]) part.connect();

async function fetchDay() {
  try {
    const fresh = await sync();
    syncedAt = Date.now();
    if (fresh.app_version !== document.documentElement.dataset.version) registration?.update().catch(() => {});
  } catch (error) {
    if (!(error instanceof Offline || error instanceof SignedOut)) throw error;
  }
  refresh();
}

// Every occasion, since a browser may have no Background Sync (fault 56).
async function occasion() {
  await send();
  if (Date.now() - syncedAt > OFTEN) await fetchDay();
}

async function shown() {
  await drawBar();
  updates.offerUpdate();
}

// What went wrong is said in plain words on top of the screen, and stays until the next one comes. Nothing that was
// saved before is touched by it.
const banners = { full: document.querySelector("[data-full]"), broken: document.querySelector("[data-broken]") };

function wentWrong(error) {
  banners[isFull(error) ? "full" : "broken"].hidden = false;
  window.scrollTo(0, 0);
}

window.addEventListener("unhandledrejection", (event) => {
  wentWrong(event.reason);
  if (isFull(event.reason)) event.preventDefault();
});
window.addEventListener("error", (event) => wentWrong(event.error));
window.addEventListener("hashchange", () => { for (const banner of Object.values(banners)) banner.hidden = true; });
window.addEventListener("hashchange", async () => { await draw(); await shown(); });
window.addEventListener("online", async () => { syncedAt = 0; await occasion(); });
window.addEventListener("offline", () => { connection.state = "offline"; connection.watch(); });
document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") occasion(); });
navigator.serviceWorker?.addEventListener("message", ({ data }) => { if (data === TAG) send(); });
connection.watch = () => { shown(); refresh(); };
watch(async (status) => {
  await shown();
  refresh();
  // Only while the browser knows of no network: else it would call back at once, again and again.
  if (status.state !== "offline" || navigator.onLine || Date.now() - askedToCallBack < CALL_BACK) return;
  askedToCallBack = Date.now();
  registration?.sync?.register(TAG).catch(() => {});
});

navigator.storage?.persist?.();
await forgetOld();
await draw();
document.documentElement.dataset.ready = "";
registration = await updates.connect().catch(() => null);
await fetchDay();
await send();
await shown();
