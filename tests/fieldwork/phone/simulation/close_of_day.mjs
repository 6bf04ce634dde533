// The close of a day: 20 visits, with random kills, aborts, foreign answers, server trouble, sign-outs and clock jumps.
// Nothing is lost, nothing doubled, nothing said that isn't so. `node close_of_day.mjs RUNS FIRST_SEED`; prints JSON.
import { asker, Busy, Offline, SignedOut, Stranger } from "./portal.js";
import { clock } from "./clock.js";
import { bodyOf } from "./report.js";
import { link, sender } from "./sender.js";
import { shelf } from "./shelf.js";
import { chance, Killed, Network, Phone, Portal, sha256 } from "./world.mjs";

const VISITS = 20;
const ME = 7;
const DAY = 86_400_000;
Error.stackTraceLimit = 0; // thousands are thrown

class Technician {
  constructor(seed) {
    this.luck = chance(seed);
    this.moment = Date.UTC(2026, 11, 8, 15); // what time it really is
    this.off = this.luck.one([0, 0, -3 * DAY, 5 * DAY]); // what the phone's clock says beside it
    this.phone = new Phone(this.luck);
    this.portal = new Portal(this.luck, () => this.moment);
    this.network = new Network(this.luck, this.portal, { pass: (ms) => { this.moment += ms; } });
    this.ids = 0;
    this.faults = [];
    this.finished = new Map(); // report id → what it must be at the portal
    this.tapped = new Map(); // tap id → { visit, kind, at }
    this.bytes = new Map(); // photo hash → its bytes
    this.phone.stores.settings.set("technician", { name: "technician", value: { id: ME } });
    const visits = Array.from({ length: VISITS }, (_, place) => ({ id: place + 1, state: "scheduled", phone: "555-0100" }));
    this.phone.stores.days.set("2026-12-08", { on: "2026-12-08", visits });
    for (const { id } of visits) this.portal.visits.set(id, { id, state: "scheduled" });
    this.starts();
  }

  id(kind) {
    this.ids += 1;
    return `${kind}-${this.ids}`;
  }

  // The app is opened: all that was only in memory is gone.
  starts() {
    this.clock = clock({ wall: () => this.moment + this.off, steady: () => this.moment });
    if (this.keptClock) this.clock.restore(this.keptClock);
    const unsent = { words: "" };
    this.shelf = shelf(this.phone, { tell: () => {}, stamp: () => new Date(this.clock.now()).toISOString(), said: (words) => { unsent.words = words; } });
    const ask = asker({
      fetch: this.network.fetch, digest: async (bytes) => sha256(bytes), id: () => this.id("request"),
      phoneTime: () => "", unsent: () => unsent.words, timeout: () => undefined,
      heard: (state, body) => {
        if (state !== "online") return;
        const at = Date.parse(body.echo?.at);
        if (!Number.isNaN(at)) this.clock.learn(at);
        this.wasInTouch = true;
        this.keptClock = this.clock.kept();
      },
    });
    const who = async () => {
      const { status, body } = await ask("who/");
      if (status !== 200 || !body.technician) throw new Stranger();
      return body;
    };
    const chunks = link(96, { smallest: 64, largest: 256 });
    this.sender = () => sender({
      store: this.shelf, ask, who, chunks, pause: async (ms) => { this.moment += ms; }, random: this.luck.random,
      elapsed: () => this.moment, time: () => this.clock.now(), isOnline: () => !this.network.isDown, tell: { step: () => {}, halts: () => {}, goesOn: () => {} },
    });
  }

  // One go of the outbox, as `attempt` of outbox.js, and what the screen says of it.
  async sends() {
    let said = "All sent";
    try {
      await this.sender().sendAll();
    } catch (error) {
      if (error instanceof Killed) this.starts();
      else if (!(error instanceof Offline || error instanceof Busy || error instanceof SignedOut)) this.faults.push(`broke: ${error.message}`);
      said = error instanceof SignedOut ? "Signed out" : "Waiting";
      if (error instanceof SignedOut && this.portal.signedIn) this.faults.push("said to be signed out, and was not");
    }
    const mortality = this.phone.mortality;
    this.phone.mortality = 0;
    await this.looks(said);
    this.phone.mortality = mortality;
    this.keptClock = this.clock.kept() ?? this.keptClock;
  }

  // What the phone shows must be so.
  async looks(said) {
    const box = await this.shelf.contents();
    if (box.others || box.unclaimed) this.faults.push("own report called somebody else's");
    if (said === "All sent" && box.waiting.length + box.acts.length) this.faults.push("said to be all sent, and is not");
    for (const done of this.phone.stores.done.values()) {
      if (![...this.portal.reports.values()].some((report) => report.visit === done.visit)) this.faults.push("said to have arrived, and has not");
    }
    for (const report of box.problems) {
      if (!this.portal.refusals.some((line) => line.startsWith(`report ${report.id} `))) this.faults.push("said to be refused, and was not");
    }
    for (const act of box.refused) {
      if (!this.portal.refusals.some((line) => line.startsWith(`tap ${act.id} `))) this.faults.push("tap said to be refused, and was not");
      const isOver = [...this.portal.reports.values()].some((report) => report.visit === act.visit && report.answer.accepted);
      if (isOver) this.faults.push("a tap came after the report of its visit");
    }
    const on = new Date(this.clock.now()).toISOString().slice(0, 10);
    const real = new Date(this.moment).toISOString().slice(0, 10);
    if (this.wasInTouch && on !== real) this.faults.push(`took ${real} for ${on}`);
  }

  taps(visit, kind, more = {}) {
    const tap = { id: this.id("tap"), visit, on: "2026-12-08", technician: ME, kind, label: {}, at: new Date(this.clock.now()).toISOString(), ...more };
    this.tapped.set(tap.id, { visit, kind, at: this.moment });
    this.phone.tap(tap);
  }

  takesPhotos(report, count) {
    for (let place = 0; place < count; place += 1) {
      const data = new Uint8Array(40 + this.luck.below(360)).map((_, at) => (at * 7 + this.ids + place * 11) % 256);
      const hash = sha256(data);
      this.bytes.set(hash, Buffer.from(data));
      this.phone.addPhoto({ report, sha256: hash, data, size: data.length, taken_at: null, reason: "", marks: [], sent: false, order: this.ids + place });
    }
  }

  begins(visit) {
    const report = {
      id: this.id("report"), technician: ME, visit, on: "2026-12-08", state: "draft", label: {}, opened_at: new Date(this.moment + this.off).toISOString(),
      work: { checklist: [], device: null }, answers: { access: "ok", checks: {}, serial: "", outcome: "complete", reasons: [], notes: `Note ${visit}`, stopped: "" },
    };
    this.phone.write(report);
    return report.id;
  }

  finishes(id) {
    const row = this.phone.stores.reports.get(id);
    if (row?.state !== "draft") return;
    const photos = this.phone.rowsOf(id);
    const body = bodyOf(row, photos, { finished: new Date(this.moment + this.off).toISOString(), version: "sim" });
    this.phone.write({ ...row, state: "frozen", frozen_at: new Date(this.clock.now()).toISOString(), body });
    this.finished.set(id, { visit: row.visit, text: JSON.stringify(body), photos: photos.map((photo) => photo.sha256) });
  }

  // Opened again and changed, as long as its sending has not begun.
  changesHerMind(id) {
    const fresh = this.id("report");
    if (!this.phone.reopen(id, fresh)) return;
    this.finished.delete(id);
    const row = this.phone.stores.reports.get(fresh);
    this.phone.write({ ...row, answers: { ...row.answers, notes: `${row.answers.notes}, changed` } });
    this.finishes(fresh);
  }

  weather() {
    const { luck, network } = this;
    network.isDown = luck.happens(0.25);
    network.aborts = luck.one([0, 0.2, 0.5, 0.8]);
    network.foreigns = luck.one([0, 0, 0.3, 1]);
    network.troubles = luck.one([0, 0, 0.2]);
    this.phone.mortality = luck.one([0, 0, 0.002, 0.02]);
    if (luck.happens(0.1)) this.portal.token = this.id("token");
    if (luck.happens(0.1)) this.portal.signedIn = !this.portal.signedIn;
    if (luck.happens(0.1)) this.portal.uploads.clear(); // swept, or its storage was lost
    if (luck.happens(0.05)) {
      this.off += luck.one([-2, -1, 1, 4]) * DAY; // it was set while the app was open
      this.keptClock = this.clock.kept() ?? this.keptClock;
      this.starts();
    }
    this.moment += luck.below(15) * 60_000;
  }

  async visits(visit) {
    const { luck } = this;
    this.weather();
    if (luck.happens(0.7)) this.taps(visit, "on-my-way");
    if (luck.happens(0.1)) {
      this.taps(visit, "give-back", { reason: "weather" });
      return;
    }
    this.taps(visit, "on-site");
    if (luck.happens(0.05)) this.portal.visits.get(visit).state = "canceled";
    const report = this.begins(visit);
    if (luck.happens(0.05)) return; // never finished
    this.takesPhotos(report, luck.below(4));
    if (luck.happens(0.5)) await this.sends();
    this.finishes(report);
    if (luck.happens(0.5)) await this.sends();
    if (luck.happens(0.1)) this.changesHerMind(report);
  }

  async day() {
    for (let visit = 1; visit <= VISITS; visit += 1) await this.visits(visit);
    Object.assign(this.network, { isDown: false, aborts: 0.5, foreigns: 0, troubles: 0 });
    this.portal.signedIn = true;
    this.phone.mortality = 0.002;
    for (let go = 0; go < 60 && (await this.waits()); go += 1) await this.sends();
    this.phone.mortality = 0;
    await this.judges();
    return this.faults;
  }

  async waits() {
    const mortality = this.phone.mortality;
    this.phone.mortality = 0;
    const box = await this.shelf.contents();
    this.phone.mortality = mortality;
    return box.waiting.length + box.acts.length;
  }

  async judges() {
    const { portal, phone, faults } = this;
    if (await this.waits()) faults.push("the queue did not empty");
    for (const [id, { visit, text, photos }] of this.finished) {
      const kept = portal.reports.get(id);
      if (!kept) faults.push(`report of visit ${visit} lost: ${phone.stores.reports.get(id)?.state}`);
      else if (kept.text !== text) faults.push("a report changed on its way");
      else if (photos.some((hash) => !kept.photos.get(hash)?.equals(this.bytes.get(hash)))) faults.push("a photo lost");
    }
    for (const [id, report] of portal.reports) if (!this.finished.has(id)) faults.push(`report of visit ${report.visit} doubled`);
    for (const [id, tap] of this.tapped) {
      const arrived = portal.taps.filter((row) => row.id === id);
      const isRefused = portal.refusals.some((line) => line.startsWith(`tap ${id} `));
      if (arrived.length > 1) faults.push("a tap doubled");
      if (!arrived.length && !isRefused) faults.push(`${tap.kind} lost`);
      if (isRefused && !arrived.length && ![...phone.stores.acts.values()].some((row) => row.id === id && row.problem)) faults.push("a refused tap not said");
    }
    for (const photo of phone.stores.photos.values()) if (!phone.stores.reports.has(photo.report)) faults.push("a photo without its report");
  }
}

const [runs, first] = process.argv.slice(2).map(Number);
const faults = {};
for (let seed = first; seed < first + runs; seed += 1) {
  for (const fault of await new Technician(seed).day()) (faults[fault] ??= []).push(seed);
}
console.log(JSON.stringify({ runs, faults }));
