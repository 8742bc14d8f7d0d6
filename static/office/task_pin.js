// The small map of the form that gives a task: the grids, the chosen one, and a pin for the exact place.

import { byId } from "../shared/dom.js";
import { explain, getJson } from "../shared/http.js";
import { t } from "../shared/i18n.js";

/** @typedef {{lon: number, lat: number}} Spot */

const CHINA = [[18, 73], [54, 135]];

/** @param {string} name */
function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/**
 * Draw the map once its fold is open; says where the pin is, null without one.
 * @param {HTMLSelectElement} chosen the grid of the form
 * @returns {{place: () => (Spot & {method: string, address: string}) | null, clear: () => void}}
 */
export function taskPin(chosen) {
  const element = byId("give-map");
  const said = byId("give-where");
  const remove = byId("give-unpin");
  const address = /** @type {HTMLInputElement} */ (byId("give-address"));
  /** @type {Spot | null} */
  let spot = null;
  /** @type {any} */
  let map = null;
  /** @type {any} */
  let marker = null;
  /** @type {any} */
  let grids = null;

  const clear = () => put(null);
  /** @param {Spot | null} found */
  function put(found) {
    spot = found;
    marker?.remove();
    marker = found && map ? L.circleMarker([found.lat, found.lon], { radius: 10, weight: 3, color: token("--paper"), fillColor: token("--tone-new-solid"), fillOpacity: 1 }).addTo(map) : null;
    said.textContent = found ? t("tasks.pin_at", { lat: found.lat.toFixed(5), lon: found.lon.toFixed(5) }) : t("tasks.pin_none");
    remove.hidden = !found;
    byId("give-address-field").hidden = !found;
    element.dataset.pin = found ? "set" : "";
    // Whoever listens for a changed form hears of the pin as of a field.
    element.dispatchEvent(new Event("input", { bubbles: true }));
  }

  async function draw() {
    map = L.map(element, { maxZoom: 20, zoomSnap: 0.5, attributionControl: Boolean(element.dataset.basemap) });
    map.attributionControl?.setPrefix(false);
    map.fitBounds(CHINA, { animate: false });
    const credit = document.createElement("span");
    credit.textContent = element.dataset.credit ?? "";
    if (element.dataset.basemap) L.tileLayer(element.dataset.basemap, { maxZoom: 20, attribution: credit.innerHTML }).addTo(map);
    map.on("click", (/** @type {any} */ event) => put({ lon: event.latlng.lng, lat: event.latlng.lat }));
    if (spot) put(spot);
    try {
      const found = await getJson("/ogc/collections/grids/items?limit=1000");
      grids = L.geoJSON(found, { interactive: false, style }).addTo(map);
      grids.bringToBack();
      show();
      element.dataset.grids = String(found.features.length);
    } catch (error) {
      said.textContent = explain(error);
    }
  }

  /** @param {any} feature */
  function style(feature) {
    const own = feature.id === chosen.value;
    return { color: token(own ? "--map-police-line" : "--map-grid-line"), weight: own ? 3 : 1, fillColor: token("--map-own-fill"), fillOpacity: own ? 0.25 : 0 };
  }

  /** The chosen grid in the middle, unless somebody has put a pin elsewhere. */
  function show() {
    if (!grids) return;
    grids.setStyle(style);
    const own = grids.getLayers().find((/** @type {any} */ layer) => layer.feature.id === chosen.value);
    if (!spot) map.fitBounds((own ?? grids).getBounds().pad(0.3), { animate: false });
  }

  chosen.addEventListener("change", show);
  remove.addEventListener("click", clear);
  byId("give-pin").addEventListener("click", () => {
    const middle = map?.getCenter();
    if (middle) put({ lon: middle.lng, lat: middle.lat });
  });
  // A map that is drawn while it is hidden has no size.
  const fold = /** @type {HTMLDetailsElement | null} */ (element.closest("details"));
  if (!fold || fold.open) void draw();
  else fold.addEventListener("toggle", () => void draw(), { once: true });
  return { place: () => spot && { ...spot, method: "pin", address: address.value.trim() }, clear };
}
