// Open reports of the same class near the one being written: asked while the person looks at the map.

import { getJson } from "../shared/http.js";
import * as store from "./store.js";

/**
 * @typedef {object} Nearby
 * @property {string} id
 * @property {string} number
 * @property {string} class_title
 * @property {string} state
 * @property {string} state_title
 * @property {string} found_at
 * @property {number} distance_m
 * @property {number} voices
 * @property {boolean} mine
 * @property {boolean} voiced
 * @property {string | null} thumbnail
 */

/** Nobody waits longer than this for the answer; without it the report goes its way. */
const PATIENCE_MS = 2500;
/** A place that is rougher than this has too many neighbours to mean anything. */
const ROUGHEST_M = 200;

/** @type {{key: string, found: Promise<Nearby[]>} | null} */
let asked = null;
/** What the person has said is another thing, while the page is open. */
const refused = new Set();

/**
 * Ask what is near the draft; once for each place and class.
 * @param {import("./records.js").Report} report
 * @returns {Promise<Nearby[]>} empty when there is nothing, no network, or the question makes no sense
 */
export function nearby(report) {
  const { place, class_code } = report;
  if (!place || (place.accuracy_m ?? 0) > ROUGHEST_M || place.method === "grid" || place.method === "address" || !navigator.onLine) return Promise.resolve([]);
  const wanted = new URLSearchParams({ class_code, lon: String(place.lon), lat: String(place.lat) });
  const key = wanted.toString();
  if (asked?.key !== key) asked = { key, found: getJson(`/api/v1/cases/nearby?${wanted}`, { timeout: PATIENCE_MS }).catch(() => []) };
  return asked.found;
}

/**
 * What to ask the person about before the report goes on. Who has taken photos already is not asked: the
 * report is worth more than its place in a list.
 * @param {import("./records.js").Report} report
 * @returns {Promise<Nearby[]>}
 */
export async function same(report) {
  if ((await store.photosOf(report.id)).length) return [];
  const late = new Promise((done) => setTimeout(() => done([]), PATIENCE_MS));
  const found = /** @type {Nearby[]} */ (await Promise.race([nearby(report), late]));
  return found.filter((item) => !refused.has(item.id));
}

/**
 * "No, another": these are not asked about again.
 * @param {Nearby[]} items
 */
export function refuse(items) {
  for (const item of items) refused.add(item.id);
}
