// The legend: what the layers that are switched on mean, in words, pictures and colours.

import { fill, h, icon } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { config, hasField, map, narrow } from "./config.js";
import { BANDS } from "./looks.js";

/** @param {(id: string) => boolean} isOn */
export function addLegend(isOn) {
  const body = h("ul", { class: "legend" });
  const box = h("details", { class: "legend-box", open: !narrow.matches }, h("summary", { text: t("legend.title") }), body);
  const control = L.control({ position: "topright" });
  control.onAdd = () => {
    L.DomEvent.disableClickPropagation(box);
    L.DomEvent.disableScrollPropagation(box);
    return box;
  };
  control.addTo(map);
  const draw = () => fill(body, rows(isOn));
  map.on("overlayadd overlayremove", draw);
  draw();
}

/** @param {(id: string) => boolean} isOn */
function rows(isOn) {
  return [
    isOn("cases") ? caseRows() : [],
    isOn("grids") ? [swatch("grid", t("legend.grid"))] : [],
    isOn("police_grids") ? [swatch("police", t("legend.police_grid"))] : [],
    hasField && isOn("grids") ? [swatch("own", t("legend.own"))] : [],
    isOn("coverage") ? [heading(t("legend.coverage")), ...BANDS.map((band) => coverageRow(band))] : [],
    isOn("patrols") ? [swatch("track", t("legend.track"))] : [],
    isOn("places") ? [h("li", {}, h("span", { class: "place-marker" }), h("span", { text: t("legend.place") }))] : [],
  ].flat();
}

function caseRows() {
  const classes = config.classes.map((item) =>
    h("li", {}, h("span", { class: "hazard-marker", data: { class: item.code, state: "reported" } }, icon(item.icon)), h("span", { text: item.title })),
  );
  const states = ["reported", "accepted", "closed"].map((state) =>
    h("li", {}, h("span", { class: "hazard-marker", data: { class: "other", state } }, state === "closed" ? icon("check") : null), h("span", { text: t(`state.${state}`) })),
  );
  const late = h("li", {}, h("span", { class: "late-mark", text: "!" }), h("span", { text: t("state.overdue") }));
  return [heading(t("legend.classes")), ...classes, heading(t("legend.states")), ...states, late, heading(t("legend.areas"))];
}

/** @param {string} text */
function heading(text) {
  return h("li", { class: "heading", text });
}

/**
 * @param {string} shape
 * @param {string} text
 */
function swatch(shape, text) {
  return h("li", {}, h("span", { class: "swatch", data: { shape } }), h("span", { text }));
}

/** @param {string} band */
function coverageRow(band) {
  return h("li", {}, h("span", { class: "swatch", data: { shape: "coverage", band } }), h("span", { text: t(`coverage.${band}`) }));
}
