// The base map by setting (none by default), and who is to be named below the map.

import { t } from "../shared/i18n.js";
import { config, escaped, map } from "./config.js";

/** @returns {any} the base layer, or null */
export function addBasemap() {
  const { kind, url, min_zoom: minZoom, max_zoom: maxNativeZoom } = config.basemap;
  const options = { minZoom, maxNativeZoom, maxZoom: map.getMaxZoom(), attribution: credits() };
  if (kind === "xyz" || kind === "mbtiles") return L.tileLayer(url, options).addTo(map);
  if (kind === "pmtiles") return pmtiles.leafletRasterLayer(new pmtiles.PMTiles(url), options).addTo(map);
  return null;
}

/** The base map's credit and map-review number: both must stand on every map that shows it. */
function credits() {
  const { credit, review } = config.basemap;
  return [credit, review && t("map.review", { number: review })].filter(Boolean).map(escaped).join(" · ");
}

/** Name ourselves, the library and the data; Leaflet's own line links to another host. */
export function addCredits() {
  map.attributionControl.setPrefix(escaped(t("map.prefix")));
  if (config.credit) map.attributionControl.addAttribution(escaped(config.credit));
  if (config.synthetic) map.attributionControl.addAttribution(escaped(t("map.synthetic")));
}
