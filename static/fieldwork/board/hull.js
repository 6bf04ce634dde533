/** The outline around points ([latitude, longitude]): their convex hull, counterclockwise. */
export function hull(points) {
  const sorted = [...points].sort((one, other) => one[0] - other[0] || one[1] - other[1]);
  if (sorted.length < 3) return sorted;
  const lower = chain(sorted);
  const upper = chain(sorted.reverse());
  return [...lower.slice(0, -1), ...upper.slice(0, -1)];
}

function chain(points) {
  const found = [];
  for (const point of points) {
    while (found.length > 1 && turn(found.at(-2), found.at(-1), point) <= 0) found.pop();
    found.push(point);
  }
  return found;
}

function turn(a, b, c) {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}
