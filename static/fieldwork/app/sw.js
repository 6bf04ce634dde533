// The app's files, on the phone. The server writes `APP` above: the version, the shell's address, and each file
// with its hash; and `SEND`, the app's own sender, where this runs as a module. A version's files are all there or none is; IndexedDB is never touched here (fault 57).
//
// Our own and short, rather than a library's: docs/adr/0024.
const PREFIX = "msa-field-";
const CACHE = PREFIX + APP.version;
const KEPT = new Set(APP.files.map((file) => file.url));
const TAG = "msa-outbox";

async function fill() {
  const cache = await caches.open(CACHE);
  const requests = [new Request(APP.page, { cache: "reload", credentials: "omit" }),
    ...APP.files.map(({ url, integrity }) => new Request(url, { cache: "reload", integrity }))];
  await Promise.all(requests.map(async (request) => {
    const response = await fetch(request);
    if (!response.ok || response.redirected) throw new Error(`${request.url}: ${response.status}`);
    await cache.put(request.url, response);
  }));
  const page = await (await cache.match(APP.page)).text();
  if (!page.includes(`data-version="${APP.version}"`)) throw new Error("another version's page: two servers differ just now");
}

async function clean() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(PREFIX) && name !== CACHE).map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function shell(request) {
  return (await (await caches.open(CACHE)).match(APP.page)) ?? fetch(request);
}

async function kept(request) {
  return (await (await caches.open(CACHE)).match(request)) ?? fetch(request);
}

// A page that only the server has: where there is no coverage, the app instead of the browser's error.
async function page(request) {
  try {
    return await fetch(request);
  } catch {
    return Response.redirect(APP.page);
  }
}

self.addEventListener("install", (event) => event.waitUntil(fill().catch(async (error) => { await caches.delete(CACHE); throw error; })));
self.addEventListener("activate", (event) => event.waitUntil(clean()));
self.addEventListener("message", ({ data }) => { if (data === "activate") self.skipWaiting(); });
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    event.respondWith(pathname === APP.page ? shell(request) : page(request));
  } else if (KEPT.has(pathname)) {
    event.respondWith(kept(request));
  }
});

// Where the browser has it: coverage is back, or the app was closed while something waited. This worker sends what waits,
// in its turn: a page that is at it goes first. Where it cannot (`SEND` is null), a page in the background is told.
async function sync() {
  if (SEND) return SEND();
  for (const page_ of await self.clients.matchAll({ includeUncontrolled: true })) page_.postMessage(TAG);
  return undefined;
}

self.addEventListener("sync", (event) => {
  if (event.tag === TAG) event.waitUntil(sync());
});
