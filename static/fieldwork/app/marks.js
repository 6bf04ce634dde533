// Circles and arrows on a photo, in fractions of its width and height. Drawn by dragging; a tap alone puts one
// of a usual size there, and the arrow keys move the last one.
import { h, svg } from "./dom.js";

const SIZE = 0.12;
const STEP = 0.02;
const MOVES = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
const within = (value) => Math.min(1, Math.max(0, value));
const rounded = (mark) => Object.fromEntries(Object.entries(mark).map(([key, value]) => [key, key === "kind" ? value : Math.round(within(value) * 10_000) / 10_000]));

function shape({ kind, x1, y1, x2, y2 }, [width, height]) {
  const [ax, ay, bx, by] = [x1 * width, y1 * height, x2 * width, y2 * height];
  if (kind === "circle") {
    return svg("ellipse", { cx: (ax + bx) / 2, cy: (ay + by) / 2, rx: Math.abs(bx - ax) / 2, ry: Math.abs(by - ay) / 2 });
  }
  const angle = Math.atan2(by - ay, bx - ax);
  const head = (turn) => `L ${bx} ${by} L ${bx - 0.06 * width * Math.cos(angle + turn)} ${by - 0.06 * width * Math.sin(angle + turn)} M ${bx} ${by}`;
  return svg("path", { d: `M ${ax} ${ay} ${head(0.5)} ${head(-0.5)}` });
}

export function drawn(marks, size = [400, 300]) {
  const twice = marks.flatMap((mark) => ["mark-edge", "mark"].map((name) => {
    const one = shape(mark, size);
    one.setAttribute("class", name);
    return one;
  }));
  return svg("svg", { class: "marks", viewBox: `0 0 ${size[0]} ${size[1]}`, preserveAspectRatio: "none", "aria-hidden": "true" }, ...twice);
}

// `image` is loaded; `tool()` says what is drawn; `save(marks)` keeps them.
export function editor(image, marks, { tool, label, save }) {
  const size = [image.naturalWidth, image.naturalHeight];
  const place = h("div", { class: "photo-edit", tabindex: "0", role: "application", "aria-label": label }, image, drawn(marks, size));
  let list = [...marks];
  let from = null;

  const show = (shown) => place.querySelector("svg").replaceWith(drawn(shown, size));
  const keep = (changed) => { list = changed.map(rounded); show(list); save(list); };
  const at = (event) => {
    const box = place.getBoundingClientRect();
    return [within((event.clientX - box.left) / box.width), within((event.clientY - box.top) / box.height)];
  };
  const dragged = (event) => {
    const [x, y] = at(event);
    const isTap = Math.hypot(x - from[0], y - from[1]) < 0.03;
    const usual = tool() === "circle"
      ? { x1: x - SIZE, y1: y - SIZE * (size[0] / size[1]), x2: x + SIZE, y2: y + SIZE * (size[0] / size[1]) }
      : { x1: x + SIZE, y1: y + SIZE, x2: x, y2: y };
    return { kind: tool(), ...(isTap ? usual : { x1: from[0], y1: from[1], x2: x, y2: y }) };
  };

  place.addEventListener("pointerdown", (event) => { from = at(event); place.setPointerCapture(event.pointerId); event.preventDefault(); place.focus(); });
  place.addEventListener("pointermove", (event) => { if (from) show([...list, dragged(event)]); });
  place.addEventListener("pointerup", (event) => { if (from) { keep([...list, dragged(event)]); from = null; } });
  place.addEventListener("pointercancel", () => { from = null; show(list); });
  place.addEventListener("keydown", (event) => {
    const move = MOVES[event.key];
    const last = list.at(-1);
    if (!move || !last) return;
    event.preventDefault();
    const moved = { ...last, x1: last.x1 + move[0], x2: last.x2 + move[0], y1: last.y1 + move[1], y2: last.y2 + move[1] };
    keep([...list.slice(0, -1), moved]);
  });
  return {
    place,
    undo: () => keep(list.slice(0, -1)),
    middle: () => { from = [0.5, 0.5]; const box = place.getBoundingClientRect(); keep([...list, dragged({ clientX: box.left + box.width / 2, clientY: box.top + box.height / 2 })]); from = null; },
  };
}
