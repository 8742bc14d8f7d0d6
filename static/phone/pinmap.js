// The maps of the phone page: the ground with its grids, and the small one with a pin to set by touch.

import { getJson } from "../shared/http.js";
import { t } from "../shared/i18n.js";
import { h } from "../shared/dom.js";
import { boxOf } from "./geo.js";
import { grids } from "./ground.js";

/** @typedef {{lon: number, lat: number, accuracy_m: number | null, method: string}} Shown */

const GRIDS_FROM = 13;
const LIMIT = 1000;

/** A map in an element. Loads no file but our own and, when the station has set one, its base map. */
export class GroundMap {
  /**
   * @param {HTMLElement} element
   * @param {import("./context.js").Context} context
   */
  constructor(element, context) {
    this.context = context;
    this.colours = getComputedStyle(document.documentElement);
    this.map = L.map(element, { preferCanvas: true, maxZoom: 20, zoomControl: false, attributionControl: false });
    L.control.zoom({ position: "bottomright", zoomInTitle: t("map.in"), zoomOutTitle: t("map.out") }).addTo(this.map);
    L.control.scale({ imperial: false }).addTo(this.map);
    this.addBase(context.basemap);
    /** Names of the grids are drawn from this zoom on. */
    this.labelsFrom = 16;
    /** @type {(grid: any) => boolean} */
    this.isOwn = () => false;
    this.grids = L.geoJSON(null, { interactive: false, style: (/** @type {any} */ grid) => this.look(grid) }).addTo(this.map);
    const [west, south, east, north] = context.box;
    this.map.fitBounds([[south, west], [north, east]]);
  }

  /** @param {import("./context.js").Basemap} basemap */
  async addBase(basemap) {
    if (!basemap.kind) return;
    const options = { minZoom: 0, maxZoom: 20, maxNativeZoom: basemap.max_zoom };
    if (basemap.kind === "pmtiles") {
      await script("/static/vendor/pmtiles-4.5.0/pmtiles.js");
      pmtiles.leafletRasterLayer(new pmtiles.PMTiles(basemap.url), options).addTo(this.map);
    } else {
      L.tileLayer(basemap.url, options).addTo(this.map);
    }
  }

  /** @param {any} grid */
  look(grid) {
    const own = this.isOwn(grid);
    const line = this.colours.getPropertyValue(own ? "--map-police-line" : "--map-grid-line").trim();
    const fillColor = this.colours.getPropertyValue("--map-own-fill").trim();
    return { color: line, weight: own ? 3 : 1.5, fill: own, fillColor, fillOpacity: 0.2 };
  }

  /** Draw grids anew, with their names when there is room for them. @param {any[]} features GeoJSON */
  draw(features) {
    this.grids.clearLayers().addData({ type: "FeatureCollection", features });
    if (this.map.getZoom() >= this.labelsFrom) this.grids.eachLayer(label);
  }

  remove() {
    this.map.remove();
  }
}

/** The small map: own position with its error circle, a pin to set by touch, the grids around. */
export class PinMap extends GroundMap {
  /**
   * @param {HTMLElement} element
   * @param {import("./context.js").Context} context
   * @param {(lon: number, lat: number) => void} onPin
   */
  constructor(element, context, onPin) {
    super(element, context);
    this.own = "";
    this.isOwn = (/** @type {any} */ grid) => grid.properties.name === this.own;
    this.place = L.layerGroup().addTo(this.map);
    this.onPin = onPin;
    this.asked = new AbortController();
    this.map.on("click", (/** @type {any} */ event) => this.pinned(event.latlng));
    this.map.on("moveend", () => this.loadGrids());
    this.loadGrids();
  }

  /**
   * Fill the grid that will receive the report.
   * @param {string} name
   */
  highlight(name) {
    this.own = name;
    this.grids.resetStyle();
  }

  /** @param {any} latlng */
  pinned(latlng) {
    const { lng, lat } = latlng.wrap();
    this.show({ lon: lng, lat, accuracy_m: null, method: "pin" });
    this.onPin(lng, lat);
  }

  /**
   * Show a place: a pin that can be dragged, and the circle in which it truly lies.
   * @param {Shown} shown
   * @param {boolean} [move]
   */
  show(shown, move = false) {
    const at = L.latLng(shown.lat, shown.lon);
    const colour = this.colours.getPropertyValue("--focus").trim();
    this.place.clearLayers();
    if (shown.accuracy_m) {
      const circle = { radius: shown.accuracy_m, color: colour, weight: 2, fillOpacity: 0.15, interactive: false };
      L.circle(at, circle).addTo(this.place);
    }
    const marker = L.marker(at, { draggable: true, autoPan: true, title: t("map.pin"), alt: t("map.pin") });
    marker.on("dragend", () => this.pinned(marker.getLatLng())).addTo(this.place);
    if (!move) return;
    // Wide enough to see the grid's outline: without a base map it is all there is to go by.
    const around = at.toBounds(Math.max(400, (shown.accuracy_m ?? 0) * 2.5));
    this.map.fitBounds(around, { maxZoom: 18, animate: false });
  }

  /** Draw the grids of what is in view. Without them the map still takes a pin. */
  async loadGrids() {
    this.asked.abort();
    this.asked = new AbortController();
    if (this.map.getZoom() < GRIDS_FROM) {
      this.grids.clearLayers();
      return;
    }
    const box = this.map.getBounds().pad(0.2);
    const { signal } = this.asked;
    try {
      const found = await getJson(`/ogc/collections/grids/items?limit=${LIMIT}&bbox=${box.toBBoxString()}`, { signal });
      this.draw(found.features);
    } catch {
      if (!signal.aborted) this.drawKept(box);
    }
  }

  /** No network: the lines that this phone keeps, if it has any. @param {any} box */
  async drawKept(box) {
    const kept = await grids(this.context).catch(() => []);
    const near = kept.filter(({ geometry }) => {
      const [west, south, east, north] = boxOf([geometry]);
      return box.intersects([[south, west], [north, east]]);
    });
    if (near.length) this.draw(near.map(featureOf));
  }

  remove() {
    this.asked.abort();
    super.remove();
  }
}

/**
 * A kept grid as a GeoJSON feature.
 * @param {import("./ground.js").Grid} grid
 */
export function featureOf({ id, geometry, ...properties }) {
  return { type: "Feature", id, geometry, properties };
}

/**
 * Load a library that only some stations need.
 * @param {string} address
 */
function script(address) {
  return new Promise((done, fail) => {
    document.head.append(h("script", { src: address, on: { load: done, error: fail } }));
  });
}

/** @param {any} layer */
function label(layer) {
  const name = h("span", { text: layer.feature.properties.name });
  layer.bindTooltip(name, { permanent: true, direction: "center", className: "grid-label", interactive: false });
}
