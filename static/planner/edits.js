// Operations of a draft as the browser knows them: which it can draw at once, and how a draft looks after one.

import { cross } from "./geometry.js";

/** @typedef {import("./geometry.js").Place} Place */
/** @typedef {import("./network.js").Network} Network */
/** @typedef {import("./network.js").Changes} Changes */

/**
 * An operation as the service takes it: its kind and what the kind asks for.
 * @typedef {{kind: string, [field: string]: any}} Operation
 */

/** Kinds that need the service's geometry: the page waits for its answer. */
const FAR = new Set(["split", "merge", "transfer"]);

/**
 * Whether the browser can draw the outcome by itself, also without a network.
 * @param {Operation} operation
 */
export function isNear(operation) {
  return !FAR.has(operation.kind);
}

/**
 * What a geometric operation changes; null for the other kinds. Raises when the draft lacks what it names.
 * @param {Network} network
 * @param {Operation} operation
 * @returns {Changes | null}
 */
export function changes(network, operation) {
  if (operation.kind === "move_node") {
    network.node(operation.node);
    return { nodes: { [operation.node]: operation.to } };
  }
  if (!LINES[operation.kind]) return null;
  const line = network.line(operation.line);
  const via = [...line.via];
  LINES[operation.kind](via, operation);
  return { lines: { [operation.line]: { ...line, via } } };
}

/** @type {Record<string, (via: Place[], operation: Operation) => void>} */
const LINES = {
  move_vertex: (via, { at, to }) => void via.splice(known(via, at), 1, to),
  remove_vertex: (via, { at }) => void via.splice(known(via, at), 1),
  insert_vertex: (via, { at, to }) => void via.splice(Math.max(0, Math.min(via.length, at)), 0, to),
  reshape: (via, operation) => void via.splice(0, via.length, ...operation.via),
};

/**
 * @param {Place[]} via
 * @param {number} at
 */
function known(via, at) {
  if (at < 0 || at >= via.length) throw new Error(`no vertex ${at}`);
  return at;
}

/**
 * Whether these lines, as they now run, cross one another or any border of the areas beside them. Lines that kept
 * inside those areas before can leave them only through such a border, so nothing further away need be asked.
 * @param {Network} network after the change
 * @param {Iterable<string>} moved lines
 */
export function crosses(network, moved) {
  const lines = [...moved];
  const others = new Set(lines);
  for (const area of network.areasOf(lines)) for (const id of network.byArea.get(area) ?? []) others.add(id);
  const courses = [...others].map((id) => ({ id, places: network.places(id) }));
  const mine = new Set(lines);
  for (const one of courses.filter(({ id }) => mine.has(id)))
    for (const two of courses) {
      if (mine.has(two.id) && two.id < one.id) continue;
      if (meet(one.places, two.places, one.id === two.id)) return true;
    }
  return false;
}

/**
 * @param {Place[]} one
 * @param {Place[]} two
 * @param {boolean} itself
 */
function meet(one, two, itself) {
  const box = boxOf(two);
  for (let i = 0; i + 1 < one.length; i++) {
    if (outside(one[i], one[i + 1], box)) continue;
    for (let j = itself ? i + 1 : 0; j + 1 < two.length; j++) if (cross(one[i], one[i + 1], two[j], two[j + 1])) return true;
  }
  return false;
}

/** @param {Place[]} places */
function boxOf(places) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of places) {
    if (x < box[0]) box[0] = x;
    if (y < box[1]) box[1] = y;
    if (x > box[2]) box[2] = x;
    if (y > box[3]) box[3] = y;
  }
  return box;
}

/**
 * @param {Place} a
 * @param {Place} b
 * @param {number[]} box
 */
function outside(a, b, box) {
  return (
    Math.max(a[0], b[0]) < box[0] || Math.min(a[0], b[0]) > box[2] || Math.max(a[1], b[1]) < box[1] || Math.min(a[1], b[1]) > box[3]
  );
}
