// The map of the desk: the own ground, and a marker for each entry of the list that is shown.

import { h } from "../shared/dom.js";
import { explain, getJson } from "../shared/http.js";
import { t } from "../shared/i18n.js";
import { config } from "../officer/config.js";
import { gridLook, policeLook } from "../officer/looks.js";

/** @typedef {import("./desk.js").Entry} Entry */

const NEAREST = 17;

export class DeskMap {
  /**
   * @param {HTMLElement} element
   * @param {{over: (id: string) => void, open: (id: string) => void}} told what the marker under the mouse tells
   */
  constructor(element, told) {
    this.told = told;
    const base = /** @type {any} */ (config.basemap);
    this.map = L.map(element, { maxZoom: 20, zoomSnap: 0.5, attributionControl: Boolean(base.url || config.credit) });
    this.map.attributionControl?.setPrefix(false);
    this.map.setView([37.87, 112.55], 5);
    const options = { maxZoom: 20, attribution: plain(base.credit) };
    if (base.url) L.tileLayer(base.url, options).addTo(this.map);
    if (config.credit) this.map.attributionControl?.addAttribution(plain(config.credit));
    L.control.scale({ imperial: false }).addTo(this.map);
    this.markers = L.layerGroup().addTo(this.map);
    /** @type {Map<string, any>} */
    this.known = new Map();
    this.element = element;
    void this.#ground();
  }

  async #ground() {
    try {
      const [beats, grids] = await Promise.all(
        ["police_grids", "grids"].map((id) => getJson(`/ogc/collections/${id}/items?limit=500`)),
      );
      L.geoJSON(grids, { style: (/** @type {any} */ f) => gridLook(f, false), onEachFeature: label }).addTo(this.map);
      const lines = L.geoJSON(beats, { style: policeLook, interactive: false }).addTo(this.map);
      this.map.fitBounds(this.#own(grids, lines), { padding: [12, 12], animate: false });
      this.element.dataset.grids = String(grids.features.length);
    } catch (error) {
      this.element.after(h("p", { class: "error desk-no-ground", text: t("case.no_grids", { reason: explain(error) }) }));
    }
  }

  /**
   * The box of the own ground, of the whole station when nothing is one's own.
   * @param {any} grids
   * @param {any} lines
   */
  #own(grids, lines) {
    const beats = new Set(config.my_police_grids);
    const own = new Set(config.my_grids);
    const mine = grids.features.filter((/** @type {any} */ f) => own.has(f.id) || beats.has(f.properties.police_grid_id));
    const box = mine.length ? L.geoJSON({ type: "FeatureCollection", features: mine }).getBounds() : lines.getBounds();
    return box.isValid() ? box : L.latLngBounds([18, 73], [54, 135]);
  }

  /**
   * Show the entries of a list, and only them.
   * @param {Entry[]} entries
   */
  show(entries) {
    this.markers.clearLayers();
    this.known.clear();
    for (const entry of entries) {
      if (entry.lat !== null) this.known.set(entry.id, this.#marker(entry).addTo(this.markers));
    }
    this.element.dataset.markers = String(this.known.size);
  }

  /** @param {Entry} entry */
  #marker(entry) {
    const face = h("span", { class: "desk-pin", data: { class: entry.class_code, room: entry.room } });
    if (entry.overdue) face.dataset.late = "";
    const look = L.divIcon({ className: "desk-pin-place", html: face, iconSize: [28, 28] });
    const title = [entry.class_title, entry.number, entry.state_title].filter(Boolean).join(" · ");
    const marker = L.marker([entry.lat, entry.lon], { icon: look, title, alt: title, riseOnHover: true });
    marker.on("mouseover", () => this.told.over(entry.id));
    marker.on("mouseout", () => this.told.over(""));
    marker.on("add", () => {
      const element = marker.getElement();
      element?.addEventListener("focus", () => this.told.over(entry.id));
      element?.addEventListener("blur", () => this.told.over(""));
    });
    marker.on("click", () => this.told.open(entry.id));
    return marker;
  }

  /**
   * Raise one marker out of the others.
   * @param {string} id empty for none
   */
  point(id) {
    for (const [each, marker] of this.known) {
      marker.getElement()?.classList.toggle("pointed", each === id);
      marker.setZIndexOffset(each === id ? 1000 : 0);
    }
  }

  /**
   * Go to one entry.
   * @param {string} id
   */
  goTo(id) {
    const marker = this.known.get(id);
    if (marker) this.map.setView(marker.getLatLng(), Math.max(this.map.getZoom(), NEAREST));
  }
}

/**
 * @param {any} feature
 * @param {any} shape
 */
function label(feature, shape) {
  shape.bindTooltip(h("span", { text: feature.properties.name }), { sticky: true, className: "grid-label" });
}

/**
 * Leaflet takes markup for credits; ours is plain text.
 * @param {string} [text]
 */
function plain(text = "") {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
