// The last resort for a place: police grid and grid from two short lists.

import { fill, h } from "../shared/dom.js";
import { explain } from "../shared/http.js";
import { language, t } from "../shared/i18n.js";
import { innerPoint } from "./geo.js";
import * as store from "./store.js";

/** @typedef {{name: string, police_grid: string, geometry: any}} Item */

const LIMIT = 10_000;

/**
 * A folded part that offers the grids of the station; loads them when it is opened.
 * @param {import("./context.js").Context} context
 * @param {(place: import("./records.js").Place, ground: import("./records.js").Ground) => void} onPick
 */
export function gridPicker(context, onPick) {
  const police = h("select", { id: "pick-police" });
  const grid = h("select", { id: "pick-grid" });
  const complaint = h("p", { class: "error", role: "alert" });
  /** @type {Item[]} */
  let items = [];
  const fields = h(
    "div",
    { class: "stack" },
    h("div", { class: "field" }, h("label", { for: "pick-police", text: t("pick.police") }), police),
    h("div", { class: "field" }, h("label", { for: "pick-grid", text: t("pick.grid") }), grid),
    complaint,
  );
  police.addEventListener("change", () => offer(grid, items.filter((item) => item.police_grid === police.value).map((item) => item.name)));
  grid.addEventListener("change", () => {
    const item = items.find((each) => each.name === grid.value && each.police_grid === police.value);
    if (!item) return;
    const place = { ...innerPoint(item.geometry), crs: /** @type {const} */ ("wgs84"), accuracy_m: null };
    onPick({ ...place, method: "grid" }, { grid: item.name, police_grid: item.police_grid, neighbour: "" });
  });
  const folded = h("details", { class: "card grid-picker" }, h("summary", { text: t("pick.title") }), fields);
  folded.addEventListener("toggle", async () => {
    if (!folded.open || items.length) return;
    try {
      items = await load(context);
      offer(police, [...new Set(items.map((item) => item.police_grid))]);
      offer(grid, []);
    } catch (error) {
      complaint.textContent = explain(error);
    }
  });
  return folded;
}

/**
 * @param {import("./context.js").Context} context
 * @returns {Promise<Item[]>}
 */
async function load(context) {
  const found = await store.freshOrKept(`/ogc/collections/grids/items?limit=${LIMIT}`, context.person);
  const items = found.features.map((/** @type {any} */ feature) => ({
    name: feature.properties.name,
    police_grid: feature.properties.police_grid,
    geometry: feature.geometry,
  }));
  const order = new Intl.Collator(language(), { numeric: true });
  return items.sort((/** @type {Item} */ a, /** @type {Item} */ b) => order.compare(a.police_grid + a.name, b.police_grid + b.name));
}

/**
 * @param {HTMLSelectElement} select
 * @param {string[]} names
 */
function offer(select, names) {
  const first = h("option", { value: "", text: t("pick.choose") });
  fill(select, first, names.map((name) => h("option", { value: name, text: name })));
  select.disabled = names.length === 0;
}
