// A draft from a file of drawn grids: the repair is shown, on a map and in figures, and accepted or not.

import { byId, fill, h } from "../shared/dom.js";
import { send } from "../shared/http.js";
import { number, t } from "../shared/i18n.js";
import { table } from "./figures.js";

/**
 * What the repair changes: grids whose outline moved, holes that were given to a grid, and the grids as they are now.
 * @typedef {object} Repair
 * @property {string} digest
 * @property {number} grids
 * @property {{code: string, name: string, lost_m2: number, gained_m2: number}[]} altered
 * @property {{code: string, point: [number, number], area_m2: number}[]} filled
 * @property {any} areas
 */

/** @param {(error: unknown) => void} trouble */
export function listenToFiles(trouble) {
  const form = /** @type {HTMLFormElement} */ (byId("bring"));
  const box = byId("repair");
  form.addEventListener("change", () => fill(box));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    byId("problem").hidden = true;
    fill(box, h("p", { role: "status", text: t("bring.running") }));
    try {
      show(box, form, await send("/api/v1/drafts/imports/preview", upload(form), { timeout: 120_000 }), trouble);
    } catch (error) {
      fill(box);
      trouble(error);
    }
  });
}

/**
 * The file as the service takes it.
 * @param {HTMLFormElement} form
 * @param {Record<string, string>} [more]
 */
function upload(form, more = {}) {
  const given = new FormData(form);
  const sent = new FormData();
  sent.set("file", /** @type {File} */ (given.get("file")));
  if (given.get("crs")) sent.set("crs", String(given.get("crs")));
  for (const [name, value] of Object.entries(more)) sent.set(name, value);
  return sent;
}

/**
 * @param {HTMLElement} box
 * @param {HTMLFormElement} form
 * @param {Repair} told
 * @param {(error: unknown) => void} trouble
 */
function show(box, form, told, trouble) {
  const { altered, filled } = told;
  const clean = !altered.length && !filled.length;
  const words = t(clean ? "bring.exact" : "bring.changed", { grids: told.grids, altered: altered.length, filled: filled.length });
  const accept = async () => {
    const id = crypto.randomUUID();
    const name = String(new FormData(form).get("name")).trim();
    try {
      await send("/api/v1/drafts/imports", upload(form, { id, name, digest: told.digest }), { timeout: 120_000 });
      location.assign(`/planner/drafts/${id}`);
    } catch (error) {
      trouble(error);
    }
  };
  const ground = h("div", { class: "map repair-map", role: "region", "aria-label": t("bring.map") });
  fill(
    box,
    h("p", { class: "alert", id: "repair-said", data: { tone: clean ? "success" : "warning" }, text: words }),
    ground,
    h("div", { class: "action-bar" }, h("button", { class: "btn btn-primary", type: "button", id: "accept", text: t("bring.accept"), on: { click: () => void accept() } })),
    altered.length > 0 && part(t("bring.altered"), table("altered", [t("bring.grid"), t("bring.lost"), t("bring.gained")], altered.map((one) => row(one.name, one.lost_m2, one.gained_m2)))),
    filled.length > 0 && part(t("bring.filled"), table("filled", [t("bring.grid"), t("bring.hole")], filled.map((one) => row(one.code, one.area_m2)))),
  );
  draw(ground, told);
}

/**
 * A list that opens when it is asked for.
 * @param {string} title
 * @param {HTMLElement} list
 */
function part(title, list) {
  return h("details", {}, h("summary", { text: title }), list);
}

/**
 * @param {string} name
 * @param {...number} amounts
 */
function row(name, ...amounts) {
  return h("tr", {}, h("th", { scope: "row", text: name }), amounts.map((amount) => h("td", { class: "num", text: number(amount, 1) })));
}

/**
 * @param {HTMLElement} ground
 * @param {Repair} told
 */
function draw(ground, told) {
  const map = L.map(ground, { attributionControl: false, zoomAnimation: false, maxZoom: 21 });
  const changed = new Set(told.altered.map((one) => one.code));
  const look = (/** @type {any} */ one) => ({ color: "#0b4f6c", weight: 1.5, fillColor: changed.has(one.id) ? "#e69f00" : "#56b4e9", fillOpacity: 0.4 });
  const areas = L.geoJSON(told.areas, { style: look, renderer: L.canvas() }).addTo(map);
  for (const { point } of told.filled) L.circleMarker([point[1], point[0]], { radius: 7, color: "#d55e00", weight: 3 }).addTo(map);
  map.fitBounds(areas.getBounds(), { padding: [16, 16], animate: false });
}
