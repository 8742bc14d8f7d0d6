// Buttons on the map: locate, own field, whole station, layers.

import { h, icon, toast } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { calm, config, escaped, map, narrow } from "./config.js";

/** @param {import("./config.js").Box} box */
export function boundsOf([west, south, east, north]) {
  return L.latLngBounds([south, west], [north, east]);
}

/** What covers the map's edges: search above, legend or buttons at the sides, credits below. */
function padding() {
  return narrow.matches
    ? { paddingTopLeft: [12, 72], paddingBottomRight: [12, 48] }
    : { paddingTopLeft: [24, 64], paddingBottomRight: [224, 32] };
}

/** Begin at the own field, clear of what lies over the map. */
export function fitField() {
  map.invalidateSize({ animate: false });
  map.fitBounds(boundsOf(config.own_box ?? config.box), { animate: false, ...padding() });
}

/**
 * Switches for all layers, by their titles.
 * @param {Map<string, any>} groups
 */
export function addLayerControl(groups) {
  const control = L.control.layers(null, null, { collapsed: true, position: "topright" });
  for (const layer of [...config.layers].reverse()) {
    const group = groups.get(layer.id);
    if (group) control.addOverlay(group, escaped(layer.title));
  }
  control.addTo(map);
  const toggle = control.getContainer().querySelector(".leaflet-control-layers-toggle");
  toggle.title = t("layers.title");
  toggle.setAttribute("aria-label", t("layers.title"));
}

/** On a desk the legend has the right side to itself; on a phone the buttons stand where the thumb is. */
const corner = () => (narrow.matches ? "bottomright" : "bottomleft");

export function addButtons() {
  L.control.scale({ imperial: false, maxWidth: 140 }).addTo(map);
  L.control.zoom({ position: corner(), zoomInTitle: t("zoom.in"), zoomOutTitle: t("zoom.out") }).addTo(map);
  const bar = L.control({ position: corner() });
  bar.onAdd = () => {
    const box = h("div", { class: "leaflet-bar extents" });
    if (config.own_box) box.append(extentButton("field", t("extent.own"), config.own_box));
    box.append(extentButton("extent", t("extent.station"), config.box));
    L.DomEvent.disableClickPropagation(box);
    return box;
  };
  bar.addTo(map);
  addLocate();
}

/**
 * @param {string} picture
 * @param {string} title
 * @param {import("./config.js").Box} box
 */
function extentButton(picture, title, box) {
  const go = (/** @type {Event} */ event) => {
    event.preventDefault();
    map.fitBounds(boundsOf(box), { animate: !calm, ...padding() });
  };
  return h("a", { href: "#", role: "button", title, "aria-label": title, on: { click: go } }, icon(picture));
}

function addLocate() {
  const control = L.control.locate({
    position: corner(),
    showPopup: false,
    showCompass: false,
    strings: { title: t("locate.title") },
    locateOptions: { enableHighAccuracy: true, maxZoom: 17 },
    onLocationError: () => toast(t("locate.failed")),
    onLocationOutsideMapBounds: () => toast(t("locate.failed")),
  });
  control.addTo(map);
}
