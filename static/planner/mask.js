// The outline of a broad brush stroke: painted on a small raster, whose outer edge is then followed.

import { simplified } from "./geometry.js";

/** @typedef {import("./geometry.js").Point} Point */

/** Cells across half the brush. */
const FINENESS = 5;

/**
 * The outer edge of what a round brush covers along a stroke, as a ring that never crosses itself.
 * @param {Point[]} stroke
 * @param {number} radius in the stroke's own units
 * @returns {Point[]}
 */
export function brushed(stroke, radius) {
  if (!stroke.length) return [];
  const cell = radius / FINENESS;
  const [left, top] = [Math.min(...stroke.map(([x]) => x)) - radius - 2 * cell, Math.min(...stroke.map(([, y]) => y)) - radius - 2 * cell];
  const cells = (/** @type {Point} */ [x, y]) => /** @type {Point} */ ([(x - left) / cell, (y - top) / cell]);
  const path = stroke.map(cells);
  const width = Math.ceil(Math.max(...path.map(([x]) => x)) + FINENESS + 3);
  const height = Math.ceil(Math.max(...path.map(([, y]) => y)) + FINENESS + 3);
  const mask = new Uint8Array(width * height);
  for (let i = 0; i < path.length; i++) {
    const [a, b] = [path[Math.max(0, i - 1)], path[i]];
    const steps = Math.max(1, Math.ceil(Math.hypot(b[0] - a[0], b[1] - a[1])));
    for (let s = 0; s <= steps; s++) dab(mask, width, a[0] + ((b[0] - a[0]) * s) / steps, a[1] + ((b[1] - a[1]) * s) / steps);
  }
  joinCorners(mask, width);
  const ring = simplified(edge(mask, width), 0.75);
  return ring.map(([x, y]) => [left + x * cell, top + y * cell]);
}

/**
 * @param {Uint8Array} mask
 * @param {number} width
 * @param {number} x
 * @param {number} y
 */
function dab(mask, width, x, y) {
  for (let row = Math.ceil(y - FINENESS); row <= y + FINENESS; row++) {
    const half = Math.sqrt(FINENESS * FINENESS - (row - y) * (row - y));
    for (let column = Math.ceil(x - half); column <= x + half; column++) mask[row * width + column] = 1;
  }
}

/**
 * Fill the corners where two set cells meet only diagonally: the ring would touch itself there.
 * @param {Uint8Array} mask
 * @param {number} width
 */
function joinCorners(mask, width) {
  for (let again = true; again; ) {
    again = false;
    for (let i = 0; i + width + 1 < mask.length; i++) {
      const [a, b, c, d] = [mask[i], mask[i + 1], mask[i + width], mask[i + width + 1]];
      if (a !== d || b !== c || a === b) continue;
      mask[i] = mask[i + 1] = mask[i + width] = mask[i + width + 1] = 1;
      again = true;
    }
  }
}

/**
 * Follow the edges of the set cells round the first one, with the set ones to the right.
 * @param {Uint8Array} mask
 * @param {number} width
 * @returns {Point[]}
 */
function edge(mask, width) {
  const first = mask.indexOf(1);
  if (first < 0) return [];
  const start = [first % width, Math.floor(first / width)];
  const is = (/** @type {number} */ x, /** @type {number} */ y) => mask[y * width + x] === 1;
  // Directions: 0 east, 1 south, 2 west, 3 north; the walk is along cell corners.
  const [dx, dy] = [[1, 0, -1, 0], [0, 1, 0, -1]];
  let [x, y, way] = [start[0], start[1], 0];
  /** @type {Point[]} */
  const ring = [];
  do {
    ring.push([x, y]);
    x += dx[way];
    y += dy[way];
    const ahead = { 0: [is(x, y - 1), is(x, y)], 1: [is(x, y), is(x - 1, y)], 2: [is(x - 1, y), is(x - 1, y - 1)], 3: [is(x - 1, y - 1), is(x, y - 1)] };
    const [outer, inner] = ahead[/** @type {0 | 1 | 2 | 3} */ (way)];
    if (!inner) way = (way + 1) % 4;
    else if (outer) way = (way + 3) % 4;
  } while (x !== start[0] || y !== start[1]);
  ring.push([x, y]);
  return ring;
}
