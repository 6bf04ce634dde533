// What breaks cost: the bytes of a report with 8 photos whose chunks are aborted at random half of the time, beside those
// on a link that never breaks. `node bytes.mjs RUNS FIRST_SEED PHOTO_BYTES [everything]`; prints JSON.
import { asker, Busy, Offline } from "./portal.js";
import { link, sender } from "./sender.js";
import { shelf } from "./shelf.js";
import { chance, Network, Phone, Portal, sha256 } from "./world.mjs";

const [runs, first, size] = process.argv.slice(2, 5).map(Number);
const everything = process.argv[5] === "everything"; // not the chunks alone
const AT = "2026-12-08T15:00:00.000Z";
Error.stackTraceLimit = 0;

function report(luck, phone) {
  const photos = Array.from({ length: 8 }, (_, place) => {
    const data = new Uint8Array(size + place * 1000).map((_byte, at) => (at * 31 + place * 17 + luck.below(3)) % 256);
    return { report: "report", sha256: sha256(data), data, size: data.length, order: place, sent: false };
  });
  for (const photo of photos) phone.addPhoto(photo);
  const body = { visit: 1, photos: photos.map((photo) => ({ sha256: photo.sha256 })) };
  phone.write({ id: "report", technician: 7, visit: 1, on: "day", state: "frozen", frozen_at: AT, label: {}, body });
}

async function sent(seed, share) {
  const luck = chance(seed);
  const clock = { at: Date.parse(AT) };
  const phone = new Phone(luck);
  const portal = new Portal(luck, () => clock.at);
  const network = new Network(luck, portal, { pass: (ms) => { clock.at += ms; } });
  Object.assign(network, { aborts: share, aborted: (method) => everything || method === "PATCH" });
  portal.visits.set(1, { id: 1, state: "scheduled" });
  report(luck, phone);
  let number = 0;
  const ask = asker({
    fetch: network.fetch, digest: async (bytes) => sha256(bytes), id: () => `request-${number++}`, phoneTime: () => "", unsent: () => "",
    timeout: () => undefined, heard: () => {},
  });
  const shelved = shelf(phone, { tell: () => {}, stamp: () => AT, said: () => {} });
  const chunks = link();
  let goes = 0;
  for (; phone.stores.reports.size && goes < 20; goes += 1) {
    try {
      await sender({
        store: shelved, ask, who: async () => (await ask("who/")).body, chunks, pause: async (ms) => { clock.at += ms; }, random: luck.random,
        elapsed: () => clock.at, time: () => clock.at, isOnline: () => true, tell: { step: () => {}, halts: () => {}, goesOn: () => {} },
      }).sendAll();
    } catch (error) {
      if (!(error instanceof Offline || error instanceof Busy)) throw error;
      clock.at += 5_000;
    }
  }
  return { bytes: network.bytes, arrived: portal.reports.has("report"), minutes: (clock.at - Date.parse(AT)) / 60_000, goes };
}

const ratios = [];
let arrived = 0;
let minutes = 0;
for (let seed = first; seed < first + runs; seed += 1) {
  const [clean, broken] = [await sent(seed, 0), await sent(seed, 0.5)];
  ratios.push(broken.bytes / clean.bytes);
  arrived += Number(broken.arrived);
  minutes = Math.max(minutes, broken.minutes);
}
const rounded = (figure) => Math.round(figure * 1000) / 1000;
const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / runs;
console.log(JSON.stringify({ runs, arrived, ratio: rounded(mean), least: rounded(Math.min(...ratios)), most: rounded(Math.max(...ratios)), minutes: rounded(minutes) }));
