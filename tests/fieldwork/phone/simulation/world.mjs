// A phone's database, a portal and the network between them, in memory and by chance, each run the same for its seed.
// The app's own modules lie beside this file (`run` in __init__.py puts them there).
import { createHash } from "node:crypto";

export const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

export function chance(seed) {
  let state = seed >>> 0;
  const random = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (count) => Math.floor(random() * count);
  return { random, below, one: (list) => list[below(list.length)], happens: (share) => random() < share };
}

// The phone was switched off, or the browser closed the app.
export class Killed extends Error {}

// As db.js: each step happens whole or not at all, and the phone may die before or after it.
export class Phone {
  constructor(luck) {
    this.luck = luck;
    this.mortality = 0;
    this.stores = { reports: new Map(), acts: new Map(), photos: new Map(), days: new Map(), done: new Map(), settings: new Map() };
    this.keys = 0;
  }

  async step(act) {
    if (this.mortality && this.luck.happens(this.mortality)) throw new Killed();
    const outcome = act();
    if (this.mortality && this.luck.happens(this.mortality)) throw new Killed();
    return outcome;
  }

  place(key) { return Array.isArray(key) ? key.join(" ") : key; }
  all(store) { return this.step(() => [...this.stores[store].values()]); }
  get(store, key) { return this.step(() => this.stores[store].get(this.place(key))); }
  remove(store, key) { return this.step(() => { this.stores[store].delete(this.place(key)); }); }

  change(store, key, edit) {
    return this.step(() => {
      const row = this.stores[store].get(this.place(key));
      if (!row) return undefined;
      const copy = store === "days" ? { ...row, visits: row.visits.map((visit) => ({ ...visit })) } : { ...row };
      edit(copy);
      this.stores[store].set(this.place(key), copy);
      return { ...copy };
    });
  }

  async setting(name, otherwise = null) { return (await this.get("settings", name))?.value ?? otherwise; }
  keep(name, value) { return this.step(() => { this.stores.settings.set(name, { name, value }); return { name, value }; }); }
  rowsOf(report) { return [...this.stores.photos.values()].filter((photo) => photo.report === report).sort((one, other) => one.order - other.order); }
  photosOf(report) { return this.step(() => this.rowsOf(report)); }
  hashesOf(report) { return this.step(() => this.rowsOf(report).map((photo) => photo.sha256)); }

  forget(report, done) {
    return this.step(() => {
      for (const photo of this.rowsOf(report)) this.stores.photos.delete(`${report} ${photo.sha256}`);
      this.stores.reports.delete(report);
      if (done) this.stores.done.set(done.visit, done);
    });
  }

  // What a technician does; the screens' own steps are tried in a browser.
  tap(act) {
    this.keys += 1;
    this.stores.acts.set(this.keys, { ...act, key: this.keys });
  }

  write(report) { this.stores.reports.set(report.id, report); }
  addPhoto(photo) { this.stores.photos.set(`${photo.report} ${photo.sha256}`, photo); }

  // Opened again under a new id, as `renew` of db.js; false where it is on its way.
  reopen(id, fresh) {
    const row = this.stores.reports.get(id);
    if (!row || !["frozen", "problem"].includes(row.state)) return false;
    const { body: _body, problem: _problem, frozen_at: _frozen, ...rest } = row;
    for (const photo of this.rowsOf(id)) {
      this.stores.photos.delete(`${id} ${photo.sha256}`);
      this.addPhoto({ ...photo, report: fresh, sent: false });
    }
    this.stores.reports.delete(id);
    this.write({ ...rest, id: fresh, state: "draft" });
    return true;
  }
}

// What fieldwork/phone does, in short: the same answers to the same questions.
export class Portal {
  constructor(luck, now) {
    this.luck = luck;
    this.now = now;
    this.uploads = new Map();
    this.reports = new Map();
    this.taps = [];
    this.refusals = [];
    this.visits = new Map();
    this.signedIn = true;
    this.token = "first";
  }

  answer(method, path, headers, body) {
    if (!this.signedIn) return [401, { code: "signed_out" }];
    if (path === "who/") return [200, { technician: { id: 7 }, csrf: this.token }];
    if (method !== "GET" && headers["X-CSRFToken"] !== this.token) return [403, { code: "csrf" }];
    const [kind, id, ...rest] = path.split("/");
    if (kind === "visits") return this.act(Number(id), rest[0], JSON.parse(body));
    if (method === "PUT") return this.report(id, JSON.parse(body));
    if (method === "POST") return this.announce(id, JSON.parse(body));
    return this.chunk(id, rest[1], Number(headers["Upload-Offset"]), body);
  }

  refuse(what, code) {
    this.refusals.push(`${what} ${code}`);
    return [409, { code, detail: `Refused: ${code}` }];
  }

  act(id, kind, sent) {
    const visit = this.visits.get(id);
    const told = (state) => [200, { visit: id, act: kind, state, expected_at: null }];
    if (this.taps.some((tap) => tap.id === sent.id)) return told(visit.state);
    const isOpen = visit.state === "scheduled" || (kind !== "give-back" && visit.state === "on_site");
    if (!isOpen) return this.refuse(`tap ${sent.id}`, "visit_not_open");
    this.taps.push({ id: sent.id, visit: id, kind, at: this.now() - sent.seconds_ago * 1000 });
    if (kind === "on-site") visit.state = "on_site";
    if (kind === "give-back") visit.state = "unscheduled";
    return told(visit.state);
  }

  announce(report, { sha256: hash, size, keep }) {
    const told = (received) => [200, { id: report, sha256: hash, received }];
    if (this.reports.get(report)?.photos.has(hash)) return told(size);
    for (const [key, upload] of this.uploads) if (upload.report === report && ![...keep, hash].includes(upload.hash)) this.uploads.delete(key);
    const key = `${report} ${hash}`;
    if (!this.uploads.has(key)) this.uploads.set(key, { report, hash, size, bytes: Buffer.alloc(0) });
    return told(this.uploads.get(key).bytes.length);
  }

  chunk(report, hash, offset, bytes) {
    const upload = this.uploads.get(`${report} ${hash}`);
    if (!upload) return [404, { code: "not_found" }];
    if (offset !== upload.bytes.length) return [409, { code: "offset", received: upload.bytes.length }];
    if (!bytes.length || offset + bytes.length > upload.size) return this.refuse(`photo ${hash}`, "size");
    upload.bytes = Buffer.concat([upload.bytes, bytes]);
    if (upload.bytes.length === upload.size && sha256(upload.bytes) !== hash) {
      upload.bytes = Buffer.alloc(0);
      return [422, { code: "hash", received: 0 }];
    }
    return [200, { id: report, sha256: hash, received: upload.bytes.length }];
  }

  report(id, sent) {
    const text = JSON.stringify(sent);
    const earlier = this.reports.get(id);
    if (earlier) return earlier.text === text ? [200, earlier.answer] : this.refuse(`report ${id}`, "different_report");
    const wanted = sent.photos.map((photo) => photo.sha256);
    const missing = wanted.filter((hash) => this.uploads.get(`${id} ${hash}`)?.bytes.length !== this.uploads.get(`${id} ${hash}`)?.size || !this.uploads.has(`${id} ${hash}`));
    if (missing.length) return [409, { code: "photos_missing", missing }];
    if (wanted.length && this.luck.happens(0.3)) return [202, { code: "photos_waiting" }];
    const visit = this.visits.get(sent.visit);
    const accepted = visit.state === "scheduled" || visit.state === "on_site";
    if (accepted) visit.state = "closed";
    const photos = new Map(wanted.map((hash) => [hash, this.uploads.get(`${id} ${hash}`).bytes]));
    const answer = { id, accepted, conflict: accepted ? "" : "canceled", told: [], flyer: "", received_at: new Date(this.now()).toISOString() };
    this.reports.set(id, { text, visit: sent.visit, photos, answer });
    for (const [key, upload] of this.uploads) if (upload.report === id) this.uploads.delete(key);
    return [200, answer];
  }
}

const page = (status, type, text, headers = {}) => ({ status, headers: { get: (name) => ({ "Content-Type": type, ...headers })[name] ?? null }, text: async () => text });

// Answers of others: a proxy's 404, an empty 200, a sign-in page, a redirect to one, an old answer of the portal's own.
function foreign(luck, replay) {
  return luck.one([
    () => page(404, "text/html", "<h1>404 Not Found</h1>"),
    () => page(404, "application/json", '{"code": "not_found", "detail": "There is nothing at this address."}'),
    () => page(200, "application/json", "{}"),
    () => page(200, "application/json", '{"received": 100000, "accepted": true, "conflict": "", "csrf": "x", "technician": {"id": 99}}'),
    () => page(401, "application/json", '{"code": "signed_out"}'),
    () => page(409, "application/problem+json", '{"code": "different_report", "detail": "No."}'),
    () => page(200, "text/html", "<form>Sign in to HotelNet</form>"),
    () => page(0, "", ""),
    () => replay ?? page(200, "application/json", "[]"),
  ])();
}

const HEADERS = 700; // bytes of a request beside its body, cookies included

// What happens on the way. Shares of all requests: `aborts`, `foreigns`, `troubles`; `isDown`: nothing goes at all.
// An abort comes at a random byte: `bytes` counts what went out, and the portal may have taken it in, its answer lost.
export class Network {
  constructor(luck, portal, clock) {
    Object.assign(this, { luck, portal, clock, aborts: 0, foreigns: 0, troubles: 0, isDown: false, bytes: 0, aborted: () => true, replay: null });
  }

  fetch = async (address, { method, headers, body }) => {
    const sent = HEADERS + (body?.byteLength ?? 0);
    this.clock.pass(20 + sent / 100);
    if (this.isDown) throw new TypeError("Failed to fetch");
    const breaks = this.luck.happens(this.aborts) && this.aborted(method);
    const at = this.luck.random() * 1.1; // the last tenth: the request went out whole, the answer was lost
    this.bytes += breaks ? sent * Math.min(1, at) : sent;
    if (breaks && at < 1) throw new TypeError("network error");
    if (!breaks && this.luck.happens(this.foreigns)) return foreign(this.luck, this.replay);
    const isTrouble = this.luck.happens(this.troubles);
    if (isTrouble && this.luck.happens(0.5)) return page(this.luck.one([429, 500, 502, 503]), "text/html", "<h1>Trouble</h1>");
    const answer = this.reach(method, address, headers, body);
    if (breaks) throw new TypeError("network error");
    return isTrouble ? page(504, "text/html", "<h1>Gateway time-out</h1>") : answer;
  };

  reach(method, address, headers, body) {
    const bytes = Buffer.from(body ?? "");
    const [status, told] = this.portal.answer(method, address.replace("/field/api/", ""), headers, method === "PATCH" ? bytes : bytes.toString());
    const echo = { request: headers["X-Phone-Request"], hash: sha256(bytes), at: new Date(this.portal.now()).toISOString() };
    const answer = page(status, status < 300 ? "application/json" : "application/problem+json", JSON.stringify({ ...told, echo }));
    this.replay = answer;
    return answer;
  }
}
