// The small map of a case: the point, its error circle, the grid it lies in and the grids around it.

import { explain, getJson } from "../shared/http.js";
import { t } from "../shared/i18n.js";

const AROUND_M = 250;

/** @param {string} name */
function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/**
 * Draw the place that an element's data names.
 * @param {HTMLElement} element
 */
export function drawPlace(element) {
  const lon = Number(element.dataset.lon);
  const lat = Number(element.dataset.lat);
  const accuracy = Number(element.dataset.accuracy || 0);
  const box = L.latLng(lat, lon).toBounds(2 * AROUND_M);
  const map = L.map(element, { maxZoom: 20, zoomSnap: 0.5, attributionControl: Boolean(element.dataset.basemap) });
  map.attributionControl?.setPrefix(false);
  map.fitBounds(box);
  L.control.scale({ imperial: false }).addTo(map);
  if (element.dataset.basemap) {
    L.tileLayer(element.dataset.basemap, { maxZoom: 20, attribution: plain(element.dataset.credit ?? "") }).addTo(map);
  }
  if (accuracy > 0) L.circle([lat, lon], { radius: accuracy, ...circleStyle() }).addTo(map);
  const face = document.createElement("span");
  face.className = "own-dot";
  face.dataset.class = element.dataset.class;
  // Above the dots of its neighbours, which lie within a few pixels.
  const look = L.divIcon({ className: "around-place", html: face, iconSize: [32, 32] });
  L.marker([lat, lon], { icon: look, interactive: false, keyboard: false, zIndexOffset: 1000 }).addTo(map);
  for (const each of JSON.parse(element.dataset.around || "[]")) neighbour(each).addTo(map);
  loadGrids(element, map, box);
}

/**
 * Another case close by: a dot that leads to its page.
 * @param {{number: string, lon: number, lat: number, class: string, title: string}} each
 */
function neighbour(each) {
  const face = document.createElement("span");
  face.className = "around-dot";
  face.dataset.class = each.class;
  const look = L.divIcon({ className: "around-place", html: face, iconSize: [24, 24] });
  const marker = L.marker([each.lat, each.lon], { icon: look, title: each.title, alt: each.title });
  marker.on("click", () => location.assign(`/cases/${encodeURIComponent(each.number)}`));
  return marker;
}

function circleStyle() {
  const colour = token("--tone-work-solid");
  return { color: colour, weight: 1.5, dashArray: "4 4", fillColor: colour, fillOpacity: 0.12, interactive: false };
}

/**
 * @param {HTMLElement} element
 * @param {any} map
 * @param {any} box
 */
async function loadGrids(element, map, box) {
  try {
    const found = await getJson(`/ogc/collections/grids/items?bbox=${box.pad(0.5).toBBoxString()}&limit=200`);
    const layer = L.geoJSON(found, {
      style: (/** @type {any} */ feature) => gridStyle(feature.id === element.dataset.grid),
      onEachFeature: (/** @type {any} */ feature, /** @type {any} */ shape) => label(feature, shape),
    });
    layer.addTo(map);
    layer.bringToBack();
    element.dataset.grids = String(found.features.length);
  } catch (error) {
    const note = document.createElement("p");
    note.className = "error";
    note.textContent = t("case.no_grids", { reason: explain(error) });
    element.after(note);
  }
}

/** @param {boolean} own */
function gridStyle(own) {
  return own
    ? { color: token("--map-police-line"), weight: 3, fillColor: token("--map-own-fill"), fillOpacity: 0.25 }
    : { color: token("--map-grid-line"), weight: 1, fillOpacity: 0 };
}

/**
 * The grid's name in its middle; text, never markup.
 * @param {any} feature
 * @param {any} shape
 */
function label(feature, shape) {
  const name = document.createElement("span");
  name.textContent = feature.properties.name;
  shape.bindTooltip(name, { sticky: true, className: "grid-label" });
}

/**
 * Leaflet takes markup for credits; ours is plain text.
 * @param {string} text
 */
function plain(text) {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
