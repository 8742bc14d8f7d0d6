// The grids of the station as this phone keeps them: for the list, the map and the question whose ground it is.

import { language } from "../shared/i18n.js";
import { holds } from "./geo.js";
import * as store from "./store.js";

/** @typedef {{id: string, name: string, police_grid: string, police_grid_id: string, geometry: import("./geo.js").Geometry}} Grid */
/** @typedef {import("./context.js").Context} Context */

const LIMIT = 10_000;
/** Asked again after this time: boundaries change on a date, not by the minute. */
const FRESH_MS = 600_000;

/** @type {{at: number, grids: Promise<Grid[]>} | null} */
let known = null;

/**
 * All grids in force, in the order of their names; the kept copy without a network.
 * @param {Context} context
 * @returns {Promise<Grid[]>}
 */
export function grids(context) {
  if (!known || Date.now() - known.at > FRESH_MS) {
    const asked = load(context);
    known = { at: Date.now(), grids: asked };
    asked.catch(() => (known = null));
  }
  return known.grids;
}

/**
 * The grids that I answer for: of my posting, else of the whole station.
 * @param {Context} context
 */
export async function ownGrids(context) {
  const [all, me] = await Promise.all([grids(context), store.freshOrKept("/api/v1/me", context.person)]);
  const own = all.filter((grid) => me.grids.includes(grid.id) || me.police_grids.includes(grid.police_grid_id));
  return own.length ? own : all;
}

/**
 * Whose ground a place is, by the grids that this phone keeps; null when it lies in none.
 * @param {Context} context
 * @param {import("./geo.js").Point} place
 * @returns {Promise<import("./records.js").Ground | null>}
 */
export async function groundAt(context, place) {
  const found = (await grids(context)).find((grid) => holds(grid.geometry, place));
  return found ? { grid: found.name, police_grid: found.police_grid, neighbour: "" } : null;
}

/** @param {Context} context */
async function load(context) {
  const found = await store.freshOrKept(`/ogc/collections/grids/items?limit=${LIMIT}`, context.person);
  const order = new Intl.Collator(language(), { numeric: true });
  return found.features
    .map((/** @type {any} */ { id, geometry, properties: { name, police_grid, police_grid_id } }) => ({ id, name, police_grid, police_grid_id, geometry }))
    .sort((/** @type {Grid} */ a, /** @type {Grid} */ b) => order.compare(a.police_grid + a.name, b.police_grid + b.name));
}
