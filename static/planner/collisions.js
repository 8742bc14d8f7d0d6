// Two planners on one line: which edits collided with whose, and what becomes of them by each choice.

import { same } from "./geometry.js";
import { changes } from "./edits.js";

/** @typedef {import("./geometry.js").Place} Place */
/** @typedef {import("./network.js").Network} Network */
/** @typedef {import("./edits.js").Operation} Operation */
/** @typedef {import("./queue.js").Entry} Entry */

/**
 * One edit that collided, as the service tells it: who changed the line or grid meanwhile, when, by which step.
 * @typedef {{operation: string, line?: string, node?: string, grid?: string, police_grid?: string, by: any, at: string, seq: number, theirs: any}} Collided
 */

/**
 * What an edit was drawn upon, kept beside it so that it can be found again in a draft that has moved on.
 * @param {Network} network
 * @param {Operation} operation
 */
export function drawnUpon(network, operation) {
  if (operation.kind === "move_node") return { place: network.node(operation.node) };
  if (operation.kind === "move_vertex" || operation.kind === "remove_vertex")
    return { place: network.line(operation.line).via[operation.at] };
  if (operation.kind === "insert_vertex") {
    const places = network.places(operation.line);
    return { between: [places[operation.at], places[operation.at + 1]] };
  }
  return {};
}

/**
 * The same edit upon the draft as it is now; null when what it changed is no longer there.
 * @param {Network} network
 * @param {Entry} entry
 * @returns {Operation | null}
 */
export function again(network, { operation, was }) {
  if (operation.kind === "move_node") return network.nodes.has(operation.node) ? operation : null;
  if (operation.line === undefined) return areasLeft(network, operation) ? operation : null;
  if (!network.lines.has(operation.line)) return null;
  if (operation.kind === "reshape") return operation;
  const places = network.places(operation.line);
  const at =
    operation.kind === "insert_vertex"
      ? places.findIndex((place, i) => i + 1 < places.length && same(place, was.between[0]) && same(places[i + 1], was.between[1]))
      : places.slice(1, -1).findIndex((place) => same(place, was.place));
  return at < 0 ? null : { ...operation, at };
}

/**
 * @param {Network} network
 * @param {Operation} operation
 */
function areasLeft(network, operation) {
  const named = [...(operation.areas ?? []), ...(operation.grids ?? []), operation.area, operation.from, operation.grid];
  return named.filter(Boolean).every((area) => network.byArea.has(area));
}

/**
 * The edits that collided, each with what stood against it.
 * @param {Entry[]} entries
 * @param {Collided[]} collided
 * @returns {{entry: Entry, against: Collided}[]}
 */
export function paired(entries, collided) {
  return entries.flatMap((entry) => {
    const against = collided.find((one) => one.operation === entry.id);
    return against ? [{ entry, against }] : [];
  });
}

/**
 * What goes on waiting after a choice: with "theirs" the collided edits are left out and those that were drawn upon
 * them, with "mine" each is tried again upon the draft of now. Edits that can't be repeated come back as `lost`.
 * @param {"theirs" | "mine"} choice
 * @param {Network} network as the service has it now
 * @param {number} head
 * @param {Entry[]} entries
 * @param {Collided[]} collided
 * @param {() => string} newId an edit that is tried again is a new one
 */
export function rebased(choice, network, head, entries, collided, newId) {
  const struck = new Set(collided.map((one) => one.operation));
  /** @type {Entry[]} */
  const kept = [];
  /** @type {Entry[]} */
  const lost = [];
  let now = network;
  for (const entry of entries) {
    const operation = choice === "theirs" && struck.has(entry.id) ? null : again(now, entry);
    if (!operation) {
      lost.push(entry);
      continue;
    }
    kept.push({ ...entry, id: newId(), based_on: head, operation });
    now = now.with(changes(now, operation) ?? {});
  }
  return { kept, lost };
}
