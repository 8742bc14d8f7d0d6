// The last resort for a place: police grid and grid from two short lists.

import { fill, h } from "../shared/dom.js";
import { explain } from "../shared/http.js";
import { t } from "../shared/i18n.js";
import { innerPoint, reach } from "./geo.js";
import { grids } from "./ground.js";

/**
 * A folded part that offers the grids of the station; loads them when it is opened.
 * @param {import("./context.js").Context} context
 * @param {(place: import("./records.js").Place, ground: import("./records.js").Ground) => void} onPick
 */
export function gridPicker(context, onPick) {
  const police = h("select", { id: "pick-police" });
  const grid = h("select", { id: "pick-grid" });
  const complaint = h("p", { class: "error", role: "alert" });
  /** @type {import("./ground.js").Grid[]} */
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
    const middle = innerPoint(item.geometry);
    // All that is known is that it lies in the grid: the circle says so.
    const accuracy_m = Math.ceil(reach(item.geometry, middle));
    onPick({ ...middle, crs: "wgs84", accuracy_m, method: "grid" }, { grid: item.name, police_grid: item.police_grid, neighbour: "" });
  });
  const folded = h("details", { class: "card grid-picker" }, h("summary", { text: t("pick.title") }), fields);
  folded.addEventListener("toggle", async () => {
    if (!folded.open || items.length) return;
    try {
      items = await grids(context);
      offer(police, [...new Set(items.map((item) => item.police_grid))]);
      offer(grid, []);
      complaint.textContent = "";
    } catch (error) {
      complaint.textContent = explain(error);
    }
  });
  return folded;
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
