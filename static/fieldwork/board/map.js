/** The map beside the lanes: one day's routes, what waits, the districts; tiles only where they are configured. */
import * as L from "../../leaflet/leaflet-src.esm.js";
import { hull } from "./hull.js";
import { board, say } from "./page.js";

const facts = JSON.parse(document.getElementById("board-map").textContent);
const section = board.querySelector("[data-map]");
const day = board.querySelector("[data-map-day]");
const legend = board.querySelector("[data-map-legend]");
// Beside the color, so that routes are told apart without it; the initials at each stop do it always.
const DASHES = [null, "8 5", "2 5", "12 4 2 4"];
const COLORS = 12;
const AROUND_A_ZIP = 2500; // meters
const LINES_ACROSS = 8;

let map = null;
const routes = L.layerGroup();
const grid = L.layerGroup();
let fitted = false;

export function start() {
  if (!day.options.length) return;
  section.hidden = false;
  map = L.map(board.querySelector("[data-map-canvas]"), {
    zoomControl: false,
    attributionControl: Boolean(facts.tiles),
    scrollWheelZoom: false,
  });
  L.control.zoom({ zoomInTitle: say("zoom_in"), zoomOutTitle: say("zoom_out") }).addTo(map);
  L.control.scale().addTo(map);
  if (facts.tiles) {
    map.attributionControl.setPrefix(false);
    L.tileLayer(facts.tiles, { attribution: facts.attribution }).addTo(map);
  }
  map.setView([34.1, -118.0], 10);
  drawDistricts();
  routes.addTo(map);
  if (!facts.tiles) {
    grid.addTo(map);
    map.on("moveend", drawGrid);
    drawGrid();
  }
  day.value = firstWithStops();
  day.addEventListener("change", draw);
  board.addEventListener("board:redrawn", draw);
  draw();
}

/** The first day that is not past and has stops, else the first that is not past. */
function firstWithStops() {
  const open = [...board.querySelectorAll("[data-lane]:not([data-past])")];
  const days = (cells) => cells.map((cell) => cell.dataset.lane.split(":")[1]).sort();
  return days(open.filter((cell) => cell.querySelector("[data-visit]")))[0] ?? days(open)[0] ?? day.value;
}

function drawDistricts() {
  for (const { name, points } of facts.districts) {
    const outline = hull(points);
    const style = { className: "map-district", interactive: false };
    const shape = outline.length < 3 ? L.circle(outline[0], { ...style, radius: AROUND_A_ZIP }) : L.polygon(outline, style);
    shape.addTo(map).bindTooltip(text(name), { permanent: true, direction: "center", className: "map-district-name" });
  }
}

/** Tooltips take HTML: names go in as text. */
function text(words) {
  return Object.assign(document.createElement("span"), { textContent: words });
}

function drawGrid() {
  grid.clearLayers();
  const bounds = map.getBounds();
  const step = stepFor(bounds.getEast() - bounds.getWest());
  const style = { className: "map-grid", interactive: false };
  for (let at = Math.ceil(bounds.getSouth() / step) * step; at < bounds.getNorth(); at += step) {
    grid.addLayer(L.polyline([[at, bounds.getWest()], [at, bounds.getEast()]], style));
  }
  for (let at = Math.ceil(bounds.getWest() / step) * step; at < bounds.getEast(); at += step) {
    grid.addLayer(L.polyline([[bounds.getSouth(), at], [bounds.getNorth(), at]], style));
  }
}

function stepFor(width) {
  return [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5].find((step) => width / step < LINES_ACROSS) ?? 10;
}

function place(element, name) {
  return element?.dataset[name]?.split(",").map(Number);
}

function draw() {
  routes.clearLayers();
  legend.replaceChildren();
  const drawn = [...board.querySelectorAll("tr[data-technician]")].flatMap(drawRoute);
  const waiting = [...board.querySelectorAll("[data-side] [data-visit]")].map(drawWaiting);
  const all = [...drawn, ...waiting];
  const lost = all.filter((each) => !each).length;
  const found = all.filter(Boolean);
  board.querySelector("[data-map-note]").textContent = lost ? say("no_position", { count: lost }) : "";
  board.querySelector("[data-map-title]").textContent = say("map_of", { day: day.selectedOptions[0].textContent });
  const points = found.length ? found : facts.districts.flatMap((each) => each.points);
  if (!fitted && points.length) map.fitBounds(L.latLngBounds(points).pad(0.1), { animate: false, maxZoom: 13 });
  fitted = true;
}

/** One technician's day: a line through the stops with their numbers. Gives where the stops are. */
function drawRoute(row) {
  const cell = row.querySelector(`[data-lane$=":${day.value}"]`);
  const blocks = cell ? [...cell.querySelectorAll("[data-visit]")] : [];
  if (!blocks.length) return [];
  const { color, initials } = row.dataset;
  const stops = blocks.map((block) => place(block, "at"));
  const begin = place(row, "start");
  const line = [begin, ...stops, begin].filter(Boolean);
  const dashArray = DASHES[Math.floor(Number(color) / (COLORS / DASHES.length)) % DASHES.length];
  routes.addLayer(L.polyline(line, { className: `map-route lane-line-${color}`, dashArray, interactive: false }));
  if (begin) routes.addLayer(L.marker(begin, flag(`map-start lane-${color}`, initials)));
  stops.forEach((at, index) => at && routes.addLayer(stop(blocks[index], at, `map-stop lane-${color}`, `${initials} ${index + 1}`)));
  entry(row, blocks.length);
  return stops;
}

function drawWaiting(block) {
  const at = place(block, "at");
  if (at) routes.addLayer(stop(block, at, "map-stop map-waiting", "?"));
  return at;
}

function stop(block, at, className, label) {
  const marker = L.marker(at, { ...flag(className, label), title: block.dataset.number });
  return marker.on("click", () => {
    block.scrollIntoView({ block: "center", inline: "nearest" });
    block.querySelector("a").focus({ preventScroll: true });
  });
}

function flag(className, label) {
  return { keyboard: false, icon: L.divIcon({ className, html: text(label), iconSize: null }) };
}

function entry(row, count) {
  const item = document.createElement("li");
  const mark = Object.assign(document.createElement("span"), { className: `lane-mark lane-${row.dataset.color}`, textContent: row.dataset.initials });
  const words = say("route_of", { technician: row.querySelector("[data-name]").textContent, count });
  item.append(mark, ` ${words}`);
  legend.append(item);
}
