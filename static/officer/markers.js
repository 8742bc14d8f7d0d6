// Cases as markers: class by colour and picture, state by shape; clusters from afar; the card when opened.

import { h, icon } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { isOpen, isOverdue } from "./cases.js";
import { calm, colour, config, hazardClass, map, narrow } from "./config.js";
import { caseCard } from "./popup.js";
import { classTitle } from "./words.js";

/** @typedef {import("./config.js").Feature} Feature */
/** @typedef {import("./cases.js").Cases} Cases */

const NEAR = 17;
const PULSE_MS = 5000;
const LATE_MS = 2000;

export class Markers {
  /** @param {Cases} cases */
  constructor(cases) {
    this.cases = cases;
    this.group = L.markerClusterGroup({
      maxClusterRadius: 44,
      showCoverageOnHover: false,
      animate: !calm,
      chunkedLoading: true,
      iconCreateFunction: clusterIcon,
      spiderLegPolylineOptions: { weight: 1.5, color: colour("ink"), opacity: 0.6 },
    });
    /** @type {Map<string, any>} */
    this.drawn = new Map();
    this.ring = L.marker([0, 0], ringOptions("hazard-ring"));
    this.circle = L.circle([0, 0], { radius: 1, className: "accuracy", interactive: false, weight: 1.5 });
    this.openId = "";
    this.wanted = "";
    this.group.on("popupopen", (/** @type {any} */ event) => this.#opened(event.layer ?? event.sourceTarget));
    this.group.on("popupclose", () => this.#closed());
    this.group.on("mouseover", (/** @type {any} */ event) => this.#told("marker:over", event));
    this.group.on("mouseout", (/** @type {any} */ event) => this.#told("marker:out", event));
    this.group.on("clusterkeypress", (/** @type {any} */ event) => enterCluster(event));
    cases.addEventListener("change", () => this.draw());
  }

  /** Bring the markers in line with what the filters show. */
  draw() {
    const shown = new Map(this.cases.shown.map((feature) => [feature.id, feature]));
    const gone = [...this.drawn].filter(([id]) => !shown.has(id));
    for (const [id] of gone) this.drawn.delete(id);
    if (gone.length) this.group.removeLayers(gone.map(([, marker]) => marker));
    const fresh = [];
    for (const feature of shown.values()) {
      const known = this.drawn.get(feature.id);
      if (known) this.#renew(known, feature);
      else fresh.push(this.#make(feature));
    }
    if (fresh.length) this.group.addLayers(fresh);
  }

  /** @param {Feature} feature */
  #make(feature) {
    const marker = L.marker(placeOf(feature), { icon: hazardIcon(feature), title: titleOf(feature), riseOnHover: true });
    marker.feature = feature;
    marker.look = lookOf(feature);
    marker.bindPopup(() => caseCard(marker.feature), cardOptions());
    this.drawn.set(feature.id, marker);
    return marker;
  }

  /**
   * @param {any} marker
   * @param {Feature} feature
   */
  #renew(marker, feature) {
    const before = marker.feature;
    marker.feature = feature;
    const look = lookOf(feature);
    if (marker.look === look) return;
    marker.look = look;
    marker.options.title = titleOf(feature);
    // The marker itself may stand aside for a while, spread out from a cluster: ask the case, not the marker.
    if (String(placeOf(before)) !== String(placeOf(feature))) marker.setLatLng(placeOf(feature));
    marker.setIcon(hazardIcon(feature));
    this.group.refreshClusters(marker);
    if (marker.isPopupOpen()) marker.getPopup().update();
  }

  /**
   * Go to a case and open its card.
   * @param {string} id
   */
  show(id) {
    const marker = this.drawn.get(id);
    if (!marker) return;
    const open = () => this.group.zoomToShowLayer(marker, () => marker.openPopup());
    this.wanted = id;
    setTimeout(() => this.wanted === id && this.#jump(marker, open), LATE_MS);
    const there = map.getZoom() >= NEAR && map.getBounds().pad(-0.15).contains(placeOf(marker.feature));
    if (there) return open();
    map.once("moveend", () => setTimeout(open, calm ? 0 : 60));
    map.setView(placeOf(marker.feature), Math.max(map.getZoom(), NEAR), { animate: !calm });
  }

  /**
   * Another movement of the map came between and the card is still shut: go there without a flight.
   * @param {any} marker
   * @param {() => void} open
   */
  #jump(marker, open) {
    map.setView(placeOf(marker.feature), Math.max(map.getZoom(), NEAR), { animate: false });
    open();
  }

  /**
   * Put a ring around a case, or around the cluster that hides it.
   * @param {string} id empty for none
   */
  point(id) {
    const marker = this.drawn.get(id);
    const seen = marker && (this.group.getVisibleParent(marker) ?? marker);
    if (!seen) return void this.ring.remove();
    this.ring.setLatLng(seen.getLatLng()).addTo(map);
  }

  /**
   * Let a new case be seen arriving.
   * @param {string} id
   */
  pulse(id) {
    const marker = this.drawn.get(id);
    if (!marker) return;
    const seen = this.group.getVisibleParent(marker) ?? marker;
    const wave = L.marker(seen.getLatLng(), ringOptions("hazard-pulse")).addTo(map);
    setTimeout(() => wave.remove(), PULSE_MS);
  }

  /** @param {any} marker */
  #opened(marker) {
    this.openId = marker.feature.id;
    this.wanted = "";
    const metres = marker.feature.properties.accuracy_m;
    if (metres) this.circle.setLatLng(placeOf(marker.feature)).setRadius(metres).setStyle(circleLook()).addTo(map);
    const holder = marker.getPopup().getElement();
    holder?.querySelector(".leaflet-popup-close-button")?.setAttribute("aria-label", t("popup.close"));
    if (document.activeElement?.closest(".hazard-pin, .list")) holder?.querySelector("a")?.focus({ preventScroll: true });
    map.fire("marker:open", { id: this.openId });
  }

  #closed() {
    const icon = this.drawn.get(this.openId)?.getElement();
    if (document.activeElement?.closest(".leaflet-popup")) icon?.focus({ preventScroll: true });
    this.openId = "";
    this.circle.remove();
    map.fire("marker:open", { id: "" });
  }

  /**
   * @param {string} name
   * @param {any} event
   */
  #told(name, event) {
    const id = (event.layer ?? event.sourceTarget)?.feature?.id;
    if (id) map.fire(name, { id });
  }
}

/**
 * Latitude and longitude of a case.
 * @param {Feature} feature
 * @returns {[number, number]}
 */
function placeOf(feature) {
  const [lon, lat] = feature.geometry.coordinates;
  return [lat, lon];
}

/** A card clear of the search field above and the legend at the right. */
function cardOptions() {
  const right = narrow.matches ? 16 : 236;
  return { minWidth: 250, maxWidth: 290, autoPanPaddingTopLeft: [16, 72], autoPanPaddingBottomRight: [right, 16] };
}

/** @param {Feature} feature */
function titleOf(feature) {
  const late = isOverdue(feature) ? ` · ${t("state.overdue")}` : "";
  return `${classTitle(feature)} · ${feature.properties.number} · ${t(`state.${feature.properties.state}`)}${late}`;
}

/** Everything that a marker's look depends on. @param {Feature} feature */
function lookOf(feature) {
  const { state, class_code: code, photo_id: photo } = feature.properties;
  return [state, code, photo, isOverdue(feature), feature.geometry.coordinates].join("|");
}

/** @param {Feature} feature */
function hazardIcon(feature) {
  const { class_code: code, state } = feature.properties;
  const late = isOverdue(feature);
  const face = h(
    "span",
    { class: "hazard-marker", data: { class: code, state } },
    icon(state === "closed" ? "check" : (hazardClass(code)?.icon ?? "other")),
  );
  const pin = h("span", {}, face, late ? h("span", { class: "late-mark", text: "!" }) : null);
  return L.divIcon({ className: "hazard-pin", html: pin, iconSize: [34, 34], popupAnchor: [0, -15] });
}

/**
 * A ring of the classes' colours with the number inside; a mark when something in it is overdue.
 * @param {any} cluster
 */
function clusterIcon(cluster) {
  /** @type {Feature[]} */
  const features = cluster.getAllChildMarkers().map((/** @type {any} */ marker) => marker.feature);
  const codes = [...config.classes.map((item) => item.code), "other"];
  const counts = codes.map((code) => features.filter((feature) => feature.properties.class_code === code).length);
  const size = features.length < 10 ? 40 : features.length < 100 ? 46 : 54;
  const ring = h("span", { class: "cluster-ring" });
  ring.style.setProperty("--ring", ringColours(codes, counts, features.length));
  const open = features.filter(isOpen).length;
  const late = features.some(isOverdue) ? h("span", { class: "late-mark", text: "!" }) : null;
  const label = t("cluster.label", { count: features.length, open });
  const html = h("span", { title: label }, ring, h("span", { class: "cluster-count", text: String(features.length) }), late);
  return L.divIcon({ className: "case-cluster", html, iconSize: [size, size] });
}

/**
 * @param {string[]} codes
 * @param {number[]} counts
 * @param {number} total
 */
function ringColours(codes, counts, total) {
  let at = 0;
  const parts = codes.flatMap((code, index) => {
    if (!counts[index]) return [];
    const from = at;
    at += (counts[index] / total) * 100;
    const shade = colour(`class-${code}`) || colour("class-other");
    return [`${shade} ${from.toFixed(1)}% ${at.toFixed(1)}%`];
  });
  return `conic-gradient(${parts.join(", ") || colour("class-other")})`;
}

/** @param {string} className */
function ringOptions(className) {
  const ring = L.divIcon({ className, iconSize: [46, 46], html: "" });
  return { icon: ring, interactive: false, keyboard: false, zIndexOffset: -1000 };
}

function circleLook() {
  return { color: colour("primary"), fillColor: colour("primary"), fillOpacity: 0.12 };
}

/** Leaflet's markers answer to Enter by a click; clusters only tell of the key. @param {any} event */
function enterCluster(event) {
  if (event.originalEvent?.key === "Enter" || event.originalEvent?.key === " ") event.layer.zoomToBounds({ padding: [40, 40] });
}
