// Loads a layer's features for what the map shows: after it stands still, with old requests given up.

import { getJson } from "../shared/http.js";
import { map } from "./config.js";

const STILL_MS = 200;
const MARGIN = 0.3;
const LIMIT = 2000;

/** @typedef {import("./config.js").Feature} Feature */

/**
 * @typedef {object} Boxed
 * @property {string} url
 * @property {number} minZoom
 * @property {() => Record<string, string>} [params] further parameters of the request
 * @property {() => boolean} [wanted] whether the layer is switched on
 * @property {(features: Feature[], box: any, whole: boolean) => void} take
 *   gets the features of a box; `whole` is false when there were more than one request may bring
 * @property {() => void} [leave] the map is too far out for this layer
 * @property {(error: unknown) => void} [failed]
 */

export class BoxLoader {
  /** @param {Boxed} boxed */
  constructor(boxed) {
    this.boxed = boxed;
    /** @type {any} */
    this.loaded = null;
    /** @type {AbortController | null} */
    this.running = null;
    this.timer = 0;
    map.on("moveend", () => this.soon());
  }

  /** Load when the map has stood still for a moment. */
  soon() {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.now(), STILL_MS);
  }

  /** Forget what was loaded and load again. */
  again() {
    this.loaded = null;
    return this.now();
  }

  /** Load what is shown, unless that is there already. */
  async now() {
    const { wanted, minZoom, leave, failed } = this.boxed;
    if (wanted && !wanted()) return;
    if (map.getZoom() < minZoom) {
      this.running?.abort();
      this.loaded = null;
      leave?.();
      return;
    }
    const view = map.getBounds();
    if (this.loaded?.contains(view)) return;
    this.running?.abort();
    this.running = new AbortController();
    const box = view.pad(MARGIN);
    // Counts as loaded while under way, so that a map which moves a little does not ask twice.
    this.loaded = box;
    try {
      await this.#load(box, this.running.signal);
    } catch (error) {
      if (this.loaded === box) this.loaded = null;
      if (/** @type {Error} */ (error).name !== "AbortError") failed?.(error);
    }
  }

  /**
   * @param {any} box
   * @param {AbortSignal} signal
   */
  async #load(box, signal) {
    const asked = new URLSearchParams({ bbox: boxText(box), limit: String(LIMIT), ...this.boxed.params?.() });
    const answer = await getJson(`${this.boxed.url}?${asked}`, { signal });
    if (signal.aborted) return;
    const whole = answer.numberReturned < LIMIT;
    if (!whole) this.loaded = null;
    this.boxed.take(answer.features, box, whole);
  }
}

/** @param {any} box */
function boxText(box) {
  const west = Math.max(-180, box.getWest());
  const south = Math.max(-90, box.getSouth());
  const east = Math.min(180, box.getEast());
  const north = Math.min(90, box.getNorth());
  return [west, south, east, north].map((degrees) => degrees.toFixed(6)).join(",");
}
