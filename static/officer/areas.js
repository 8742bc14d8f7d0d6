// Grids, police grids, coverage, tracks and places: loaded by box, drawn on one canvas in a fixed order.

import { h } from "../shared/dom.js";
import { BoxLoader } from "./boxed.js";
import { calm, config, map } from "./config.js";
import { areaCard, placeCard, trackCard } from "./areacards.js";
import { coverageLook, gridLook, policeLook, trackLook } from "./looks.js";
import { ago } from "./words.js";
import { number, t } from "../shared/i18n.js";

/** @typedef {import("./config.js").Feature} Feature */
/** @typedef {import("./config.js").LayerConfig} LayerConfig */

// From below to above.
const ORDER = ["coverage", "grids", "police_grids", "patrols"];
const GRID_NAMES_FROM = 16;
const POLICE_NAMES_FROM = 12.5;
const GAP_DAYS_FROM = 14.5;
const MOST_NAMES = 150;
const NAMES = "names";

/** One layer of areas or lines: its features by id, so that what stays does not blink. */
class AreaLayer {
  /**
   * @param {LayerConfig} layer
   * @param {(error: unknown) => void} failed
   */
  constructor(layer, failed) {
    this.layer = layer;
    this.group = L.featureGroup();
    /** @type {Map<string, any>} */
    this.drawn = new Map();
    this.loader = new BoxLoader({
      url: layer.url,
      minZoom: layer.min_zoom,
      wanted: () => map.hasLayer(this.group),
      take: (features, _box, whole) => this.take(features, whole),
      leave: () => this.clear(),
      failed,
    });
    this.group.on("add", () => void this.loader.again());
  }

  clear() {
    this.group.clearLayers();
    this.drawn.clear();
    map.fire("areas:changed");
  }

  /**
   * @param {Feature[]} features
   * @param {boolean} whole
   */
  take(features, whole) {
    const told = new Map(features.map((feature) => [feature.id, feature]));
    for (const [id, shape] of this.drawn) {
      if (whole && told.has(id)) continue;
      this.group.removeLayer(shape);
      this.drawn.delete(id);
    }
    for (const feature of features) if (!this.drawn.has(feature.id)) this.#draw(feature);
    map.fire("areas:changed");
  }

  /** @param {Feature} feature */
  #draw(feature) {
    const shape = drawing(this.layer.id, feature);
    shape.feature = feature;
    this.drawn.set(feature.id, shape);
    this.group.addLayer(shape);
  }
}

/**
 * @param {string} layer
 * @param {Feature} feature
 */
function drawing(layer, feature) {
  const made = L.GeoJSON.geometryToLayer(feature, { pointToLayer: placeMarker });
  if (layer === "places") return made.bindPopup(() => placeCard(feature), { maxWidth: 260 });
  if (layer === "patrols") made.setStyle(trackLook()).bindTooltip(() => trackCard(feature), { sticky: true });
  else made.bindTooltip(() => hoverText(layer, feature), { sticky: true });
  if (layer === "grids" || layer === "coverage") made.bindPopup(() => areaCard(feature), { maxWidth: 280 });
  return made;
}

/**
 * @param {Feature} feature
 * @param {any} latlng
 */
function placeMarker(feature, latlng) {
  const title = feature.properties.name;
  return L.marker(latlng, { icon: L.divIcon({ className: "place-marker", iconSize: [18, 18], html: "" }), title, alt: title });
}

/**
 * @param {string} layer
 * @param {Feature} feature
 */
function hoverText(layer, feature) {
  const p = feature.properties;
  const lines = [h("strong", { text: p.name })];
  if (layer === "grids") lines.push(h("div", { text: p.police_grid }));
  if (layer === "coverage") {
    lines.push(h("div", { text: p.last_at ? t("coverage.last", { ago: ago(p.last_at) }) : t("coverage.none") }));
    lines.push(h("div", { text: t("coverage.week7", { minutes: number(p.minutes), patrols: number(p.patrols) }) }));
  }
  return h("div", {}, lines);
}

/** All layers of areas; names on them; what lies above what. */
export class Areas {
  /** @param {(error: unknown) => void} failed */
  constructor(failed) {
    /** @type {Map<string, AreaLayer>} */
    this.layers = new Map();
    this.names = L.layerGroup().addTo(map);
    // Names lie above the areas, but never on a marker.
    map.createPane(NAMES).classList.add("names");
    for (const layer of config.layers)
      if (layer.id !== "cases") this.layers.set(layer.id, new AreaLayer(layer, failed));
    for (const found of this.layers.values()) if (found.layer.shown) found.group.addTo(map);
    map.on("areas:changed moveend overlayadd overlayremove", () => this.soon());
    this.waits = 0;
  }

  /** Restyle once the events of this turn are through. */
  soon() {
    cancelAnimationFrame(this.waits);
    this.waits = requestAnimationFrame(() => this.restyle());
  }

  /** Load all layers anew: the boundaries have changed. */
  again() {
    for (const found of this.layers.values()) {
      found.clear();
      void found.loader.again();
    }
  }

  /** @param {string} id */
  isOn(id) {
    const found = this.layers.get(id);
    return Boolean(found && map.hasLayer(found.group) && found.drawn.size > 0);
  }

  restyle() {
    const covered = this.isOn("coverage");
    const gridsOn = this.isOn("grids");
    for (const id of ORDER) {
      const found = this.layers.get(id);
      if (!found || !map.hasLayer(found.group)) continue;
      for (const shape of found.drawn.values()) {
        if (id === "grids") shape.setStyle(gridLook(shape.feature, covered));
        if (id === "police_grids") shape.setStyle(policeLook(shape.feature));
        if (id === "coverage") shape.setStyle(coverageLook(shape.feature));
        // One canvas asks only its topmost shape: the police grids' ground lets the mouse through to the grids.
        if (id === "police_grids") shape.options.interactive = !gridsOn && !covered;
        if (id === "grids") shape.options.interactive = !covered;
        shape.bringToFront();
      }
    }
    this.#rename(gridsOn, covered);
  }

  /**
   * Write names on the areas in view: police grids from afar, grids from near; days without patrol on coverage.
   * @param {boolean} gridsOn
   * @param {boolean} covered
   */
  #rename(gridsOn, covered) {
    this.names.clearLayers();
    const near = map.getZoom() >= GRID_NAMES_FROM;
    if (gridsOn && near) this.#write("grids", "grid-label", (feature) => feature.properties.name);
    else if (map.getZoom() >= POLICE_NAMES_FROM && this.isOn("police_grids"))
      this.#write("police_grids", "grid-label police-label", (feature) => feature.properties.name);
    if (covered && !near && map.getZoom() >= GAP_DAYS_FROM) this.#write("coverage", "grid-label gap-label", gapText);
  }

  /**
   * @param {string} id
   * @param {string} className
   * @param {(feature: Feature) => string} words
   */
  #write(id, className, words) {
    const view = map.getBounds();
    const shapes = [...(this.layers.get(id)?.drawn.values() ?? [])].filter((shape) => view.intersects(shape.getBounds()));
    if (shapes.length > MOST_NAMES) return;
    for (const shape of shapes) {
      const text = words(shape.feature);
      if (!text) continue;
      const label = L.tooltip({ permanent: true, direction: "center", className, opacity: 1, pane: NAMES });
      label.setLatLng(shape.getCenter()).setContent(h("span", { text }));
      this.names.addLayer(label);
    }
  }

  /**
   * Show a grid that is known: fit it, mark its edge for a while. False when it is not loaded.
   * @param {string} id
   */
  flash(id) {
    const shape = this.layers.get("grids")?.drawn.get(id);
    if (!shape) return false;
    const mark = L.polygon(shape.getLatLngs(), { className: "flash", weight: 5, fill: false, interactive: false });
    mark.addTo(map);
    setTimeout(() => mark.remove(), calm ? 4000 : 2500);
    return true;
  }
}

/** @param {Feature} feature */
function gapText(feature) {
  const { band, age_h: hours } = feature.properties;
  if (band === "never") return t("coverage.never_short");
  return band === "stale" ? t("coverage.days_short", { days: Math.floor(hours / 24) }) : "";
}
