// What the page was given: the map made by Folium, the configuration, colours by meaning.

/**
 * @typedef {object} LayerConfig
 * @property {string} id
 * @property {string} title
 * @property {"polygon" | "line" | "point"} geometry
 * @property {number} min_zoom
 * @property {boolean} shown
 * @property {string} url
 */

/** @typedef {{code: string, title: string, icon: string}} HazardClass */

/** @typedef {[number, number, number, number]} Box west, south, east, north */

/**
 * @typedef {object} Basemap
 * @property {"" | "xyz" | "mbtiles" | "pmtiles"} kind
 * @property {string} url
 * @property {number} min_zoom
 * @property {number} max_zoom
 * @property {string} credit
 * @property {string} review
 */

/**
 * @typedef {object} WindowConfig
 * @property {string} role
 * @property {string} csrf the mark of forms
 * @property {number} last_event
 * @property {string[]} my_police_grids
 * @property {string[]} my_grids
 * @property {Box} box
 * @property {Box | null} own_box
 * @property {LayerConfig[]} layers
 * @property {HazardClass[]} classes
 * @property {Basemap} basemap
 * @property {string} credit
 * @property {boolean} synthetic
 */

/**
 * A GeoJSON feature as our layers give it; `id` is a UUID.
 * @typedef {{id: string, geometry: any, properties: Record<string, any>}} Feature
 */

/** @type {WindowConfig} */
export const config = JSON.parse(document.getElementById("window-config")?.textContent ?? "{}");

/** The Leaflet map that the page's shell has made. */
export const map = /** @type {any} */ (window).shuanggeMap;

export const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
export const narrow = matchMedia("(max-width: 52rem)");

const policeGrids = new Set(config.my_police_grids);
const grids = new Set(config.my_grids);

/** Whether the reader has a field of their own; a chief has the whole station. */
export const hasField = policeGrids.size > 0 || grids.size > 0;

/**
 * Whether a grid is the reader's own.
 * @param {string} id
 */
export const isMyGrid = (id) => grids.has(id);

/**
 * Whether a police grid is the reader's own.
 * @param {string} id
 */
export const isMyPoliceGrid = (id) => policeGrids.has(id);

/**
 * The value of a colour token.
 * @param {string} name
 */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/**
 * A hazard class by code; one that is no longer in use is shown like "other".
 * @param {string} code
 * @returns {HazardClass | undefined}
 */
export function hazardClass(code) {
  return config.classes.find((item) => item.code === code);
}

/**
 * Text that Leaflet will take as markup: harmless.
 * @param {string} text
 */
export function escaped(text) {
  const holder = document.createElement("span");
  holder.textContent = text;
  return holder.innerHTML;
}
