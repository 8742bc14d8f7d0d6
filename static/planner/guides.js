// Lines to snap to, from a GeoJSON file that is read in the browser and goes nowhere.

import { UNITS, toPlane } from "./geometry.js";

const POINTS_AT_MOST = 500_000;

/** A file that is no GeoJSON of lines or areas in degrees; `code` names the reason. */
export class GuideError extends Error {
  /** @param {string} code */
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/**
 * The lines of a GeoJSON text (RFC 7946) on the drawing plane; borders of areas count as lines. Raises GuideError.
 * @param {string} text
 * @returns {Float64Array[]}
 */
export function guidesFrom(text) {
  let told;
  try {
    told = JSON.parse(text);
  } catch {
    throw new GuideError("not_json");
  }
  const lines = coursesOf(told).map(flat);
  if (!lines.length) throw new GuideError("no_lines");
  if (lines.reduce((sum, line) => sum + line.length / 2, 0) > POINTS_AT_MOST) throw new GuideError("too_many");
  return lines;
}

/**
 * @param {any} told
 * @returns {number[][][]}
 */
function coursesOf(told) {
  switch (told?.type) {
    case "FeatureCollection":
      return (told.features ?? []).flatMap(coursesOf);
    case "Feature":
      return coursesOf(told.geometry);
    case "GeometryCollection":
      return (told.geometries ?? []).flatMap(coursesOf);
    case "LineString":
      return [told.coordinates];
    case "MultiLineString":
    case "Polygon":
      return told.coordinates;
    case "MultiPolygon":
      return told.coordinates.flat();
    default:
      return [];
  }
}

/** @param {number[][]} line */
function flat(line) {
  const course = new Float64Array(line.length * 2);
  line.forEach(([lon, lat], i) => {
    if (!(Math.abs(lon) <= 180 && Math.abs(lat) < 86)) throw new GuideError("not_degrees");
    course.set(toPlane([lon * UNITS, lat * UNITS]), i * 2);
  });
  return course;
}
