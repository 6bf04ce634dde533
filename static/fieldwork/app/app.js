// Puts the parts together: screens, the outbox's occasions to send, the morning's sync, new versions.
import { Busy, connection, Offline, SignedOut } from "./api.js";
import { drawBar } from "./bar.js";
import { isFull } from "./db.js";
import * as closeout from "./closeout.js";
import * as day from "./day.js";
import * as done from "./done.js";
import * as drafts from "./drafts.js";
import * as flyer from "./flyer.js";
import * as giveBack from "./give-back.js";
import * as more from "./more.js";
import * as onSite from "./on-site.js";
import { contents, send, watch } from "./outbox.js";
import * as outboxPage from "./outbox-page.js";
import { watchPicks, work } from "./photos.js";
import { draw, isForm, isTyping, refresh } from "./router.js";
import { forgetOld, sync } from "./sync.js";
import * as time from "./time.js";
import * as updates from "./updates.js";
import * as visit from "./visit.js";

const TAG = "msa-outbox";
const CALL_BACK = 60_000; // a browser that calls back is not asked again at once
const OFTEN = 10 * 60_000; // a day that is older than this is asked for again when the app comes to the front
const JUST_NOW = 2_000;
let syncedAt = -Infinity;
let registration = null;
let askedToCallBack = -Infinity;

for (const part of [day, visit, closeout, done, flyer, giveBack, onSite, outboxPage, more]) part.connect();

async function fetchDay() {
  try {
    const fresh = await sync();
    syncedAt = performance.now();
    if (fresh.app_version !== document.documentElement.dataset.version) registration?.update().catch(() => {});
  } catch (error) {
    if (!(error instanceof Offline || error instanceof SignedOut || error instanceof Busy)) throw error;
  }
  refresh();
}

// Every occasion, since a browser may have no Background Sync (fault 56).
async function occasion() {
  const isOld = performance.now() - syncedAt > OFTEN;
  await Promise.all([send(), isOld && fetchDay()]); // a long queue on a slow link does not keep the day from coming
}

async function shown() {
  await drawBar();
  updates.offerUpdate();
}

// What went wrong is said in plain words on top of the screen, and stays until the next one comes. Nothing that was
// saved before is touched by it.
const banners = Object.fromEntries(["full", "broken", "late", "reopened"].map((name) => [name, document.querySelector(`[data-${name}]`)]));

let saidAt = -Infinity;

function say(name) {
  saidAt = performance.now();
  banners[name].hidden = false;
  window.scrollTo(0, 0);
}

const nameOf = (error) => (isFull(error) ? "full" : error instanceof drafts.TooLate ? "late" : "broken");
const wentWrong = (error) => say(nameOf(error));

window.addEventListener("unhandledrejection", (event) => {
  wentWrong(event.reason);
  if (nameOf(event.reason) !== "broken") event.preventDefault();
});
window.addEventListener("error", (event) => wentWrong(event.error));
window.addEventListener("hashchange", () => {
  if (performance.now() - saidAt < JUST_NOW) return; // the screen that comes with the very tap that it is about
  for (const banner of Object.values(banners)) banner.hidden = true;
});
window.addEventListener("hashchange", async () => { await draw(); await shown(); });
window.addEventListener("online", async () => { syncedAt = -Infinity; await occasion(); });
window.addEventListener("offline", () => { connection.state = "offline"; connection.watch(); });
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") occasion();
  else time.remember({ always: true });
});
navigator.serviceWorker?.addEventListener("message", ({ data }) => { if (data === TAG) send(); });

// Another tab changed a draft: a form here shows it, unless somebody is typing in it; that is merged when it is kept.
drafts.heard.edited = () => { if (isForm() && !isTyping()) draw({ quiet: true }); };
drafts.heard.reopened = () => say("reopened");
watchPicks(() => { if (isForm() && !isTyping()) draw({ quiet: true }); });
connection.watch = () => { shown(); refresh(); };
watch(async () => {
  await shown();
  refresh();
  await askToCallBack();
});

// Where the browser can, the service worker sends what waits after the app was closed, or when the network is back.
async function askToCallBack() {
  const { waiting, acts } = await contents();
  if (!waiting.length && !acts.length) return;
  if (performance.now() - askedToCallBack < CALL_BACK) return;
  askedToCallBack = performance.now();
  registration?.sync?.register(TAG).catch(() => {});
}

navigator.storage?.persist?.();
await time.start();
await forgetOld();
await draw();
document.documentElement.dataset.ready = "";
registration = await updates.connect().catch(() => null);
work();
await fetchDay();
await send();
await shown();
