// How areas and lines look: own ground bright, other ground muted, coverage by how long ago the last patrol was.

import { colour, hasField, isMyGrid, isMyPoliceGrid } from "./config.js";

/** @typedef {import("./config.js").Feature} Feature */

export const BANDS = ["fresh", "week", "stale", "never"];

/**
 * @param {Feature} feature
 * @param {boolean} overCoverage the coverage layer lies below: no fill of our own
 */
export function gridLook(feature, overCoverage) {
  const own = isMyGrid(feature.id) || isMyPoliceGrid(feature.properties.police_grid_id);
  return {
    color: colour("map-grid-line"),
    weight: own ? 1.25 : 0.75,
    opacity: own || !hasField ? 0.9 : 0.45,
    fillColor: own ? colour("map-own-fill") : colour("paper"),
    fillOpacity: overCoverage ? 0 : own ? 0.3 : 0.75,
  };
}

/** @param {Feature} feature */
export function policeLook(feature) {
  const own = isMyPoliceGrid(feature.id);
  return {
    color: colour("map-police-line"),
    weight: own ? 4 : 2,
    opacity: own ? 1 : hasField ? 0.45 : 0.8,
    fillOpacity: 0,
  };
}

/** @param {Feature} feature */
export function coverageLook(feature) {
  const band = feature.properties.band;
  return {
    color: colour("paper"),
    weight: 1,
    opacity: 1,
    fillColor: colour(`coverage-${band}`),
    fillOpacity: 0.8,
  };
}

export function trackLook() {
  return { color: colour("map-track"), weight: 2.5, opacity: 0.65 };
}
