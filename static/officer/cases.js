// The cases that this window knows: put, changed, dropped; which of them the filters show.

import { hasField, isMyGrid, isMyPoliceGrid } from "./config.js";

/** @typedef {import("./config.js").Feature} Feature */
/** @typedef {"recent" | "open" | "overdue" | "closed"} StateFilter */

/** @type {StateFilter[]} */
export const STATE_FILTERS = ["open", "overdue", "recent", "closed"];
export const OPEN = ["reported", "accepted", "dispatched", "handling", "fed_back", "hung_up", "transferred"];
const RECENT_MS = 30 * 24 * 3600 * 1000;

/** @param {Feature} feature */
export const isOpen = (feature) => OPEN.includes(feature.properties.state);

/** @param {Feature} feature */
export function isOverdue(feature) {
  const due = feature.properties.due_at;
  return isOpen(feature) && Boolean(due) && Date.parse(due) < Date.now();
}

/** @param {Feature} feature */
export function isMine(feature) {
  const { police_grid_id: police, grid_id: grid } = feature.properties;
  return !hasField || isMyPoliceGrid(police) || isMyGrid(grid);
}

/** @param {Feature} feature */
export function isPlaced(feature) {
  return feature.geometry?.type === "Point";
}

/**
 * How the server is asked for a state; "overdue" is decided here, by the clock.
 * @param {StateFilter} state
 */
export const serverState = (state) => (state === "overdue" ? "open" : state);

/** Tells "change" (once per turn) when features or filters changed. */
export class Cases extends EventTarget {
  constructor() {
    super();
    /** @type {Map<string, Feature>} */
    this.all = new Map();
    /** @type {StateFilter} */
    this.state = "recent";
    /** @type {Set<string>} classes that are switched off */
    this.hidden = new Set();
    /** Shown whatever the filters say: what somebody has searched for or was just told of. */
    this.pinned = "";
    this.told = false;
  }

  /** @param {Feature[]} features */
  put(features) {
    for (const feature of features) if (isPlaced(feature)) this.all.set(feature.id, feature);
    this.changed();
  }

  /** @param {string} id */
  drop(id) {
    if (this.all.delete(id)) this.changed();
  }

  /**
   * Take what a box holds under the present filters; what was known there and is not told of any more goes.
   * @param {Feature[]} features
   * @param {any} box
   * @param {boolean} whole
   */
  settle(features, box, whole) {
    const told = new Set(features.map((feature) => feature.id));
    const inside = (/** @type {Feature} */ f) => box.contains([f.geometry.coordinates[1], f.geometry.coordinates[0]]);
    for (const [id, known] of whole ? this.all : [])
      if (!told.has(id) && this.fitsState(known) && inside(known)) this.all.delete(id);
    this.put(features);
  }

  /** @param {Feature} feature */
  fitsState(feature) {
    if (this.state === "open") return isOpen(feature);
    if (this.state === "overdue") return isOverdue(feature);
    if (this.state === "closed") return feature.properties.state === "closed";
    const closed = feature.properties.closed_at;
    return isOpen(feature) || (Boolean(closed) && Date.parse(closed) >= Date.now() - RECENT_MS);
  }

  /** @param {Feature} feature */
  isShown(feature) {
    if (feature.id === this.pinned) return true;
    return this.fitsState(feature) && !this.hidden.has(feature.properties.class_code);
  }

  /** Features that the filters show. */
  get shown() {
    return [...this.all.values()].filter((feature) => this.isShown(feature));
  }

  /** Open cases of the reader's own field. */
  get mine() {
    return [...this.all.values()].filter((feature) => isOpen(feature) && isMine(feature));
  }

  /** @param {StateFilter} state */
  setState(state) {
    this.state = state;
    this.pinned = "";
    this.changed();
  }

  /** @param {string} code */
  toggleClass(code) {
    if (!this.hidden.delete(code)) this.hidden.add(code);
    this.pinned = "";
    this.changed();
  }

  /** @param {Feature} feature */
  pin(feature) {
    this.pinned = feature.id;
    this.put([feature]);
  }

  /** Tell once, however many changes this turn brings. */
  changed() {
    if (this.told) return;
    this.told = true;
    queueMicrotask(() => {
      this.told = false;
      this.dispatchEvent(new Event("change"));
    });
  }
}
