// Plane geometry of the editor: numbers in, numbers out; knows no map, no page and no draft.

/**
 * A place of the network: whole hundred-millionths of a degree, WGS 84, longitude first.
 * @typedef {[number, number]} Place
 */

/** A point of the drawing plane: Web Mercator, the world is 1 wide and 1 high, y grows to the south.
 * @typedef {[number, number]} Point
 */

/** @typedef {{west: number, north: number, east: number, south: number}} Box of the drawing plane */

export const UNITS = 1e8;
const METRES_A_DEGREE = 111_319.49079327358;

/**
 * The drawing plane's point of a place (spherical Mercator, as all web maps have it).
 * @param {Place} place
 * @returns {Point}
 */
export function toPlane([east, north]) {
  const sine = Math.sin((north / UNITS) * (Math.PI / 180));
  return [east / UNITS / 360 + 0.5, 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)];
}

/**
 * The place of a point of the drawing plane, rounded to the grid of the network.
 * @param {Point} point
 * @returns {Place}
 */
export function toPlace([x, y]) {
  const lat = (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI;
  return [Math.round((x - 0.5) * 360 * UNITS), Math.round(lat * UNITS)];
}

/**
 * Which side of the line from a to b a point is on: positive left, negative right (y up), 0 on it.
 * @param {readonly number[]} a
 * @param {readonly number[]} b
 * @param {readonly number[]} c
 */
export function side(a, b, c) {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

/**
 * Whether two segments cross or touch; a shared end alone counts as no touch.
 * @param {readonly number[]} a
 * @param {readonly number[]} b
 * @param {readonly number[]} c
 * @param {readonly number[]} d
 */
export function cross(a, b, c, d) {
  const joined = same(a, c) || same(a, d) || same(b, c) || same(b, d);
  const one = side(a, b, c);
  const two = side(a, b, d);
  const three = side(c, d, a);
  const four = side(c, d, b);
  if (joined) return one === 0 && two === 0 && overlap(a, b, c, d);
  if (one === 0 && within(a, b, c)) return true;
  if (two === 0 && within(a, b, d)) return true;
  if (three === 0 && within(c, d, a)) return true;
  if (four === 0 && within(c, d, b)) return true;
  return one > 0 !== two > 0 && three > 0 !== four > 0 && one !== 0 && two !== 0 && three !== 0 && four !== 0;
}

/**
 * @param {readonly number[]} a
 * @param {readonly number[]} b
 */
export function same(a, b) {
  return a[0] === b[0] && a[1] === b[1];
}

/**
 * Whether c, known to be in line with a and b, lies between them.
 * @param {readonly number[]} a
 * @param {readonly number[]} b
 * @param {readonly number[]} c
 */
function within(a, b, c) {
  return (
    c[0] >= Math.min(a[0], b[0]) && c[0] <= Math.max(a[0], b[0]) && c[1] >= Math.min(a[1], b[1]) && c[1] <= Math.max(a[1], b[1])
  );
}

/**
 * Whether two segments of one straight line share more than an end.
 * @param {readonly number[]} a
 * @param {readonly number[]} b
 * @param {readonly number[]} c
 * @param {readonly number[]} d
 */
function overlap(a, b, c, d) {
  const by = a[0] === b[0] && c[0] === d[0] ? 1 : 0;
  const low = Math.max(Math.min(a[by], b[by]), Math.min(c[by], d[by]));
  return Math.min(Math.max(a[by], b[by]), Math.max(c[by], d[by])) > low;
}

/**
 * The nearest point of the segment a-b to p, and its distance.
 * @param {readonly number[]} a
 * @param {readonly number[]} b
 * @param {readonly number[]} p
 * @returns {{point: Point, distance: number, share: number}}
 */
export function nearest(a, b, p) {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const length = dx * dx + dy * dy;
  const share = length ? Math.max(0, Math.min(1, ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / length)) : 0;
  /** @type {Point} */
  const point = [a[0] + share * dx, a[1] + share * dy];
  return { point, share, distance: Math.hypot(p[0] - point[0], p[1] - point[1]) };
}

/**
 * Whether a point is inside rings (even-odd); flat arrays x, y, x, y ...
 * @param {ArrayLike<number>[]} rings
 * @param {number} x
 * @param {number} y
 */
export function inside(rings, x, y) {
  let is = false;
  for (const ring of rings) {
    for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
      if (ring[i + 1] > y !== ring[j + 1] > y && x < ((ring[j] - ring[i]) * (y - ring[i + 1])) / (ring[j + 1] - ring[i + 1]) + ring[i])
        is = !is;
    }
  }
  return is;
}

/**
 * Twice the signed area of a flat ring.
 * @param {ArrayLike<number>} ring
 */
export function doubleArea(ring) {
  let sum = 0;
  for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) sum += ring[j] * ring[i + 1] - ring[i] * ring[j + 1];
  return sum;
}

/**
 * A point well inside an area, for its name: the middle of its widest stretch on a few level lines.
 * @param {ArrayLike<number>[]} rings flat
 * @param {Box} box
 * @returns {Point}
 */
export function middle(rings, box) {
  /** @type {Point} */
  let best = [(box.west + box.east) / 2, (box.north + box.south) / 2];
  let widest = 0;
  for (const share of [0.5, 0.4, 0.6, 0.3, 0.7]) {
    const y = box.north + (box.south - box.north) * share;
    const cuts = cutsAt(rings, y);
    const favour = 1 - Math.abs(share - 0.5);
    for (let i = 0; i + 1 < cuts.length; i += 2) {
      const width = (cuts[i + 1] - cuts[i]) * favour;
      if (width > widest) [widest, best] = [width, [(cuts[i] + cuts[i + 1]) / 2, y]];
    }
  }
  return best;
}

/**
 * @param {ArrayLike<number>[]} rings
 * @param {number} y
 */
function cutsAt(rings, y) {
  /** @type {number[]} */
  const cuts = [];
  for (const ring of rings)
    for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2)
      if (ring[i + 1] > y !== ring[j + 1] > y)
        cuts.push(((ring[j] - ring[i]) * (y - ring[i + 1])) / (ring[j + 1] - ring[i + 1]) + ring[i]);
  return cuts.sort((a, b) => a - b);
}

/**
 * A path with fewer points that stays within a tolerance of the drawn one (Douglas and Peucker 1973).
 * @template {readonly number[]} P
 * @param {P[]} path
 * @param {number} tolerance in the path's own units
 * @returns {P[]}
 */
export function simplified(path, tolerance) {
  if (path.length < 3) return [...path];
  const kept = new Uint8Array(path.length);
  kept[0] = kept[path.length - 1] = 1;
  const open = [[0, path.length - 1]];
  for (let part = open.pop(); part; part = open.pop()) {
    const [from, to] = part;
    let [far, at] = [tolerance, 0];
    for (let i = from + 1; i < to; i++) {
      const { distance } = nearest(path[from], path[to], path[i]);
      if (distance > far) [far, at] = [distance, i];
    }
    if (!at) continue;
    kept[at] = 1;
    open.push([from, at], [at, to]);
  }
  return path.filter((_point, i) => kept[i]);
}

/**
 * Metres between two places; a flat earth is exact enough across a station.
 * @param {Place} a
 * @param {Place} b
 */
export function metres(a, b) {
  const scale = METRES_A_DEGREE / UNITS;
  const shrink = Math.cos(((a[1] + b[1]) / 2 / UNITS) * (Math.PI / 180));
  return Math.hypot((a[0] - b[0]) * scale * shrink, (a[1] - b[1]) * scale);
}
