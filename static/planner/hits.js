// What of the network lies under a finger or a mouse: corner, vertex, edge or area.

import { nearest } from "./geometry.js";

/** @typedef {import("./network.js").Network} Network */

/**
 * A handle of the network: a corner, a vertex by its position among the inner ones, or an edge by the position that a
 * new vertex on it would have.
 * @typedef {{kind: "node", node: string, point: [number, number], distance: number}
 *   | {kind: "vertex" | "edge", line: string, at: number, point: [number, number], distance: number}} Handle
 */

/**
 * The handle nearest to a point of the drawing plane, corners before vertices before edges.
 * @param {Network} network
 * @param {Iterable<string>} lines only these
 * @param {[number, number]} at
 * @param {number} reach on the drawing plane
 * @param {boolean} [corners] only corners
 * @returns {Handle | null}
 */
export function handleAt(network, lines, at, reach, corners = false) {
  /** @type {(Handle | null)[]} */
  const best = [null, null, null];
  /** @param {number} rank @param {Handle} handle */
  const offer = (rank, handle) => {
    const known = best[rank];
    if (handle.distance <= reach && (!known || handle.distance < known.distance)) best[rank] = handle;
  };
  for (const id of lines) {
    const course = network.course(id);
    const line = network.line(id);
    const last = course.length / 2 - 1;
    if (!near(course, at, reach)) continue;
    for (let i = 0; i <= last; i += corners ? last : 1) {
      /** @type {[number, number]} */
      const point = [course[2 * i], course[2 * i + 1]];
      const distance = Math.hypot(point[0] - at[0], point[1] - at[1]);
      if (i === 0 || i === last) offer(0, { kind: "node", node: i ? line.end : line.start, point, distance });
      else offer(1, { kind: "vertex", line: id, at: i - 1, point, distance });
      if (i === last || corners) continue;
      const found = nearest(point, [course[2 * i + 2], course[2 * i + 3]], at);
      offer(2, { kind: "edge", line: id, at: i, point: found.point, distance: found.distance });
    }
  }
  return best[0] ?? best[1] ?? best[2];
}

/**
 * Whether a line's box comes near a point.
 * @param {Float64Array} course
 * @param {[number, number]} at
 * @param {number} reach
 */
function near(course, [x, y], reach) {
  let [west, east, north, south] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < course.length; i += 2) {
    if (course[i] < west) west = course[i];
    if (course[i] > east) east = course[i];
    if (course[i + 1] < north) north = course[i + 1];
    if (course[i + 1] > south) south = course[i + 1];
  }
  return x >= west - reach && x <= east + reach && y >= north - reach && y <= south + reach;
}

/**
 * The place to snap to near a point: a vertex or corner first, else the nearest point of a line.
 * @param {[number, number]} at
 * @param {Iterable<ArrayLike<number>>} courses flat lines on the drawing plane
 * @param {number} reach
 * @returns {{point: [number, number], on: "vertex" | "line"} | null}
 */
export function snapped(at, courses, reach) {
  /** @type {{point: [number, number], distance: number} | null} */
  let vertex = null;
  /** @type {{point: [number, number], distance: number} | null} */
  let line = null;
  for (const course of courses) {
    if (!near(/** @type {Float64Array} */ (course), at, reach)) continue;
    for (let i = 0; i < course.length; i += 2) {
      /** @type {[number, number]} */
      const point = [course[i], course[i + 1]];
      const distance = Math.hypot(point[0] - at[0], point[1] - at[1]);
      if (distance <= reach && (!vertex || distance < vertex.distance)) vertex = { point, distance };
      if (i + 3 >= course.length) continue;
      const found = nearest(point, [course[i + 2], course[i + 3]], at);
      if (found.distance <= reach && (!line || found.distance < line.distance)) line = found;
    }
  }
  if (vertex) return { point: vertex.point, on: "vertex" };
  return line && { point: line.point, on: "line" };
}
