// The map below the network: the station's own base map if it has one, otherwise plain ground. Nothing from other hosts.

import { getJson } from "../shared/http.js";
import { t } from "../shared/i18n.js";

const DEEPEST = 22;

/**
 * @param {HTMLElement} element
 * @returns {any} a Leaflet map that looks at nothing yet
 */
export function makeMap(element) {
  // Double taps end a drawn line, dragging with Shift chooses: neither may zoom.
  const map = L.map(element, {
    maxZoom: DEEPEST,
    minZoom: 5,
    zoomSnap: 0.25,
    wheelPxPerZoomLevel: 120,
    zoomAnimation: false,
    doubleClickZoom: false,
    boxZoom: false,
    zoomControl: false,
  });
  map.attributionControl.setPrefix(false);
  map.setView([37.87, 112.55], 12);
  L.control.zoom({ position: "bottomleft", zoomInTitle: t("zoom.in"), zoomOutTitle: t("zoom.out") }).addTo(map);
  L.control.scale({ imperial: false, maxWidth: 140, position: "bottomleft" }).addTo(map);
  // The panel's width changes the map's.
  new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(element);
  return map;
}

/** @param {any} map */
export async function addGround(map) {
  const base = await getJson("/basemap.json");
  const attribution = [base.credit, base.review && t("map.review", { number: base.review })].filter(Boolean).map(plain).join(" · ");
  const options = { minZoom: base.min_zoom, maxNativeZoom: base.max_zoom, maxZoom: DEEPEST, attribution };
  if (base.kind === "mbtiles") L.tileLayer(base.url, options).addTo(map);
  if (base.kind === "pmtiles") pmtiles.leafletRasterLayer(new pmtiles.PMTiles(base.url), options).addTo(map);
}

/**
 * Leaflet takes markup for credits; ours is plain text.
 * @param {string} text
 */
function plain(text) {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/**
 * Show a box of the drawing plane.
 * @param {any} map
 * @param {import("./geometry.js").Box | null} box
 * @param {number} [nearest]
 * @param {number} [covered] pixels at the right edge that something else covers
 */
export function fit(map, box, nearest = 18, covered = 0) {
  if (!box) return;
  const corner = (/** @type {number} */ x, /** @type {number} */ y) => map.options.crs.pointToLatLng(L.point(x * 256, y * 256), 0);
  map.fitBounds([corner(box.west, box.south), corner(box.east, box.north)], { paddingTopLeft: [24, 24], paddingBottomRight: [24 + covered, 24], maxZoom: nearest, animate: false });
}
