// The network of shared lines in the browser: which line is whose, rings of an area, small changes. Never changed in place.

import { inside, middle, toPlane } from "./geometry.js";

/** @typedef {import("./geometry.js").Place} Place */
/** @typedef {import("./geometry.js").Box} Box */

/**
 * A border between two corners: its inner vertices, the areas to its left and right (null: outside the station).
 * @typedef {{start: string, end: string, via: Place[], left: string | null, right: string | null, rev?: number}} Line
 */

/**
 * What becomes of nodes and lines; null takes one away.
 * @typedef {{nodes?: Record<string, Place | null>, lines?: Record<string, Line | null>}} Changes
 */

/** @typedef {{line: string, ahead: boolean}} Step a line of a ring, along its direction or against it */

/**
 * An area ready to be drawn: flat rings on the drawing plane, their box, the place of its name.
 * @typedef {{steps: Step[][], rings: Float64Array[], box: Box, label: [number, number]}} Shape
 */

export class Network {
  /**
   * @param {Map<string, Place>} nodes
   * @param {Map<string, Line>} lines
   * @param {Map<string, ReadonlySet<string>>} byArea lines of each area
   * @param {Map<string, ReadonlySet<string>>} byNode lines that end at each node
   * @param {Map<string, Shape>} shapes known so far
   */
  constructor(nodes, lines, byArea, byNode, shapes = new Map()) {
    this.nodes = nodes;
    this.lines = lines;
    this.byArea = byArea;
    this.byNode = byNode;
    this.shapes = shapes;
    /** @type {Map<string, Float64Array>} */
    this.courses = new Map();
  }

  /**
   * The network as the service writes it.
   * @param {{nodes: Record<string, Place>, lines: Record<string, Line>}} told
   */
  static from(told) {
    return new Network(new Map(), new Map(), new Map(), new Map()).with(told);
  }

  /** All areas, in the order in which they were met. */
  get areas() {
    return [...this.byArea.keys()];
  }

  /**
   * The places of a line from its start to its end.
   * @param {string} id
   * @returns {Place[]}
   */
  places(id) {
    const line = this.line(id);
    return [this.node(line.start), ...line.via, this.node(line.end)];
  }

  /**
   * @param {string} id
   * @returns {Line}
   */
  line(id) {
    const found = this.lines.get(id);
    if (!found) throw new Error(`no line ${id}`);
    return found;
  }

  /**
   * @param {string} id
   * @returns {Place}
   */
  node(id) {
    const found = this.nodes.get(id);
    if (!found) throw new Error(`no node ${id}`);
    return found;
  }

  /**
   * A line on the drawing plane: x, y, x, y ...
   * @param {string} id
   */
  course(id) {
    let known = this.courses.get(id);
    if (!known) {
      const places = this.places(id);
      known = new Float64Array(places.length * 2);
      for (let i = 0; i < places.length; i++) known.set(toPlane(places[i]), i * 2);
      this.courses.set(id, known);
    }
    return known;
  }

  /**
   * Whether a line is part of the station's outer border, which no draft may move.
   * @param {string} id
   */
  isOuter(id) {
    const line = this.line(id);
    return line.left === null || line.right === null;
  }

  /**
   * Whether a corner lies on the station's outer border.
   * @param {string} node
   */
  isFixed(node) {
    return [...(this.byNode.get(node) ?? [])].some((line) => this.isOuter(line));
  }

  /**
   * Areas on both sides of some lines.
   * @param {Iterable<string>} lines
   * @returns {Set<string>}
   */
  areasOf(lines) {
    const found = new Set();
    for (const id of lines) {
      const line = this.lines.get(id);
      if (line?.left) found.add(line.left);
      if (line?.right) found.add(line.right);
    }
    return found;
  }

  /**
   * Areas that share a line (not only a corner) with this one.
   * @param {string} area
   */
  neighbours(area) {
    const found = this.areasOf(this.byArea.get(area) ?? []);
    found.delete(area);
    return found;
  }

  /**
   * The rings of an area as lines to follow.
   * @param {string} area
   * @returns {Step[][]}
   */
  steps(area) {
    /** @type {Map<string, Step[]>} */
    const from = new Map();
    for (const id of this.byArea.get(area) ?? []) {
      const line = this.line(id);
      if (line.left === area) push(from, line.start, { line: id, ahead: true });
      if (line.right === area) push(from, line.end, { line: id, ahead: false });
    }
    const rings = [];
    for (const open of from.values()) while (open.length) rings.push(this.#ring(from, open));
    return rings;
  }

  /**
   * @param {Map<string, Step[]>} from steps not yet used, by the node where they begin
   * @param {Step[]} open
   */
  #ring(from, open) {
    /** @type {Step[]} */
    const ring = [];
    for (let next = open.pop(); next; ) {
      ring.push(next);
      const line = this.line(next.line);
      next = from.get(next.ahead ? line.end : line.start)?.pop();
    }
    return ring;
  }

  /**
   * An area ready to be drawn; undefined when the network has no such area.
   * @param {string} area
   * @returns {Shape | undefined}
   */
  shape(area) {
    const known = this.shapes.get(area);
    if (known || !this.byArea.has(area)) return known;
    const steps = this.steps(area);
    const rings = steps.map((ring) => this.#flat(ring));
    const box = boxOf(rings);
    const made = { steps, rings, box, label: middle(rings, box) };
    this.shapes.set(area, made);
    return made;
  }

  /** @param {Step[]} ring */
  #flat(ring) {
    const parts = ring.map(({ line, ahead }) => [this.course(line), ahead]);
    const flat = new Float64Array(parts.reduce((sum, [course]) => sum + /** @type {Float64Array} */ (course).length - 2, 0));
    let at = 0;
    for (const [part, ahead] of parts) {
      const course = /** @type {Float64Array} */ (part);
      // The last point of a line is the first of the next one.
      for (let i = 0; i < course.length - 2; i += 2) {
        const j = ahead ? i : course.length - 2 - i;
        flat[at++] = course[j];
        flat[at++] = course[j + 1];
      }
    }
    return flat;
  }

  /**
   * The area at a point of the drawing plane.
   * @param {number} x
   * @param {number} y
   * @returns {string | null}
   */
  areaAt(x, y) {
    for (const area of this.byArea.keys()) {
      const shape = this.shape(area);
      if (!shape) continue;
      const { box, rings } = shape;
      if (x >= box.west && x <= box.east && y >= box.north && y <= box.south && inside(rings, x, y)) return area;
    }
    return null;
  }

  /**
   * The box of some areas, of all when none is named; null when there is nothing.
   * @param {Iterable<string>} [areas]
   * @returns {Box | null}
   */
  box(areas = this.byArea.keys()) {
    const boxes = [...areas].map((area) => this.shape(area)?.box).filter((box) => box !== undefined);
    if (!boxes.length) return null;
    return {
      west: Math.min(...boxes.map((box) => box.west)),
      north: Math.min(...boxes.map((box) => box.north)),
      east: Math.max(...boxes.map((box) => box.east)),
      south: Math.max(...boxes.map((box) => box.south)),
    };
  }

  /**
   * A network with these changes; this one stays as it is. What is not touched is shared by both.
   * @param {Changes} changes
   * @returns {Network}
   */
  with({ nodes: movedNodes = {}, lines: movedLines = {} }) {
    const nodes = new Map(this.nodes);
    const lines = new Map(this.lines);
    const byArea = new Map(this.byArea);
    const byNode = new Map(this.byNode);
    /** @type {Set<string>} */
    const touched = new Set(Object.keys(movedLines));
    for (const [id, place] of Object.entries(movedNodes)) {
      if (place) nodes.set(id, place);
      else nodes.delete(id);
      for (const line of this.byNode.get(id) ?? []) touched.add(line);
    }
    for (const [id, line] of Object.entries(movedLines)) {
      const old = lines.get(id);
      if (old) each(old, (ends, areas) => (unlist(byNode, ends, id), unlist(byArea, areas, id)));
      if (line) each(line, (ends, areas) => (list(byNode, ends, id), list(byArea, areas, id)));
      if (line) lines.set(id, line);
      else lines.delete(id);
    }
    const next = new Network(nodes, lines, byArea, byNode, new Map(this.shapes));
    next.courses = new Map(this.courses);
    for (const id of touched) {
      next.courses.delete(id);
      for (const network of [this, next])
        for (const area of network.areasOf([id])) next.shapes.delete(area);
    }
    return next;
  }
}

/**
 * @param {Line} line
 * @param {(ends: string[], areas: string[]) => void} work
 */
function each(line, work) {
  work([line.start, line.end], /** @type {string[]} */ ([line.left, line.right].filter((area) => area !== null)));
}

/**
 * @param {Map<string, ReadonlySet<string>>} index
 * @param {string[]} keys
 * @param {string} id
 */
function list(index, keys, id) {
  for (const key of keys) index.set(key, new Set([...(index.get(key) ?? []), id]));
}

/**
 * @param {Map<string, ReadonlySet<string>>} index
 * @param {string[]} keys
 * @param {string} id
 */
function unlist(index, keys, id) {
  for (const key of keys) {
    const left = new Set(index.get(key) ?? []);
    left.delete(id);
    if (left.size) index.set(key, left);
    else index.delete(key);
  }
}

/**
 * @template T
 * @param {Map<string, T[]>} index
 * @param {string} key
 * @param {T} item
 */
function push(index, key, item) {
  const found = index.get(key);
  if (found) found.push(item);
  else index.set(key, [item]);
}

/**
 * @param {Float64Array[]} rings
 * @returns {Box}
 */
function boxOf(rings) {
  const box = { west: Infinity, north: Infinity, east: -Infinity, south: -Infinity };
  for (const ring of rings) {
    for (let i = 0; i < ring.length; i += 2) {
      if (ring[i] < box.west) box.west = ring[i];
      if (ring[i] > box.east) box.east = ring[i];
      if (ring[i + 1] < box.north) box.north = ring[i + 1];
      if (ring[i + 1] > box.south) box.south = ring[i + 1];
    }
  }
  return box;
}
