// The panel's figures: what changes hands, the balance meter, each police grid, and the grids that are chosen or out of range.

import { fill, h, unpressed } from "../shared/dom.js";
import { number, t } from "../shared/i18n.js";
import { meter } from "./meter.js";

/** @typedef {import("./stage.js").Stage} Stage */

const ROWS_AT_MOST = 60;
const GRIDS_AT_MOST = 40;
const COLUMNS = ["households", "population", "area_m2", "open_cases", "cases_year", "staff", "compactness"];

/** One tab of the panel. */
export class FiguresTab {
  name = "figures";

  /**
   * @param {Stage} stage
   * @param {{show: (areas: string[]) => void, edit: (area: string) => void}} acts
   */
  constructor(stage, acts) {
    this.stage = stage;
    this.acts = acts;
    this.box = h("div", { class: "stack" });
    this.waits = 0;
    const later = () => this.later();
    for (const name of ["drawn", "figures", "meta"]) stage.draft.addEventListener(name, later);
    stage.addEventListener("chosen", later);
  }

  open() {
    this.later();
    return this.box;
  }

  /** Draw soon, once for all that has changed by then. */
  later() {
    clearTimeout(this.waits);
    this.waits = setTimeout(() => unpressed(() => this.#draw()), 60);
  }

  #draw() {
    if (!this.box.isConnected) return;
    const focus = document.activeElement instanceof HTMLElement && this.box.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
    fill(this.box, this.#changes(), this.#chosen(), this.#policeGrids(), this.#outside());
    const again = focus && this.box.querySelector(`[data-key="${CSS.escape(focus)}"]`);
    if (again instanceof HTMLElement) again.focus();
  }

  #changes() {
    const { households = 0, officers = 0, cases = 0 } = this.stage.draft.figures.changes ?? {};
    const count = (/** @type {unknown} */ found) => (Array.isArray(found) ? found.length : Number(found ?? 0));
    const parts = [["changes.households", households], ["changes.officers", officers], ["changes.cases", cases]];
    return h(
      "section",
      { "aria-label": t("changes.title") },
      h("h2", { text: t("changes.title") }),
      h("dl", { class: "figures", id: "changes" }, parts.map(([key, value]) => h("div", {}, h("dt", { text: t(String(key)) }), h("dd", { text: number(count(value)) })))),
    );
  }

  #chosen() {
    const { draft, chosen } = this.stage;
    if (!chosen.length) return null;
    return h("section", {}, h("h2", { text: t("figures.chosen") }), this.#grids(chosen, "chosen-grids"), chosen.length === 1 && draft.editable && h("p", {}, h("button", { class: "btn", type: "button", id: "edit-grid", "data-key": "edit-grid", text: t("grid.edit"), on: { click: () => this.acts.edit(chosen[0]) } })));
  }

  /** Police grids, the farthest from the mean first. */
  #policeGrids() {
    const { draft, layer } = this.stage;
    const figures = draft.figures.police_grids ?? {};
    const rows = [...draft.policeGrids].map(([id, found]) => ({ id, name: found.name, ...(figures[id] ?? {}) }));
    const sum = rows.reduce((all, row) => all + (row.households ?? 0), 0);
    const mean = rows.length ? sum / rows.length : 0;
    const off = (/** @type {any} */ row) => (mean ? (row.households ?? 0) / mean - 1 : 0);
    rows.sort((a, b) => Math.abs(off(b)) - Math.abs(off(a)) || a.name.localeCompare(b.name, "zh"));
    const shown = rows.slice(0, ROWS_AT_MOST);
    const most = Math.max(mean, ...rows.map((row) => row.households ?? 0));
    const body = shown.map((row) => {
      const bound = () => this.acts.show([...draft.grids].filter(([, grid]) => grid.police_grid === row.id).map(([id]) => id));
      const swatch = meter(layer.colours.get(row.id) ?? "#888888", (row.households ?? 0) / (most || 1), mean / (most || 1));
      const name = h("button", { class: "link", type: "button", "data-key": row.id, text: row.name, on: { click: bound } });
      return h("tr", { data: { policeGrid: row.id, outside: row.outside_range ? "1" : "" } }, h("th", { scope: "row" }, mark(row), name), h("td", {}, swatch), h("td", { class: "num", text: signed(off(row)) }), cells(row));
    });
    const heads = [t("figures.police_grid"), t("figures.balance"), t("figures.deviation"), ...COLUMNS.map((key) => t(`figures.${key}`))];
    return h(
      "section",
      {},
      h("h2", { text: t("figures.police_grids", { count: rows.length }) }),
      h("p", { class: "muted", id: "balance", text: t("figures.spread", { mean: number(mean), most: number(Math.max(0, ...rows.map((row) => Math.abs(off(row)))) * 100, 1) }) }),
      table("police-grids", heads, body),
      rows.length > shown.length && h("p", { class: "muted", text: t("figures.more", { count: rows.length - shown.length }) }),
    );
  }

  #outside() {
    const { draft } = this.stage;
    const [low, high] = draft.meta.limits?.households ?? [300, 500];
    const out = [...draft.grids.keys()].filter((id) => draft.figures.grids?.[id]?.outside_range);
    return h("section", {}, h("h2", { text: t("figures.outside", { count: out.length, low, high }) }), out.length ? this.#grids(out, "outside-grids") : h("p", { class: "muted", text: t("figures.none_outside") }));
  }

  /**
   * @param {string[]} ids
   * @param {string} key
   */
  #grids(ids, key) {
    const { draft } = this.stage;
    const body = ids.slice(0, GRIDS_AT_MOST).map((id) => {
      const row = draft.figures.grids?.[id] ?? {};
      const grid = draft.grids.get(id);
      const name = h("button", { class: "link", type: "button", "data-key": `${key}-${id}`, text: grid?.name ?? "", on: { click: () => this.acts.show([id]) } });
      return h("tr", { data: { grid: id } }, h("th", { scope: "row" }, mark(row), name), h("td", { text: draft.policeGrids.get(grid?.police_grid ?? "")?.name ?? "—" }), cells({ ...row, households: grid?.households ?? row.households }));
    });
    const heads = [t("figures.grid"), t("figures.police_grid"), ...COLUMNS.map((column) => t(`figures.${column}`))];
    return [table(key, heads, body), ids.length > GRIDS_AT_MOST ? h("p", { class: "muted", text: t("figures.more", { count: ids.length - GRIDS_AT_MOST }) }) : null].filter((part) => part !== null);
  }
}

/** @param {any} row */
function mark(row) {
  return row.outside_range ? h("span", { class: "outside", title: t("figures.out"), text: "▲" }, h("span", { class: "visually-hidden", text: t("figures.out") })) : null;
}

/** @param {any} row */
function cells(row) {
  return COLUMNS.map((key) => h("td", { class: "num", text: shown(key, row[key]) }));
}

/**
 * @param {string} key
 * @param {any} value
 */
function shown(key, value) {
  if (value === null || value === undefined) return "—";
  if (key === "area_m2") return number(value / 10_000, 1);
  if (key === "compactness") return number(value, 2);
  return number(Array.isArray(value) ? value.length : value);
}

/** @param {number} share */
function signed(share) {
  return `${share > 0 ? "+" : share < 0 ? "−" : ""}${number(Math.abs(share) * 100, 1)}%`;
}

/**
 * @param {string} id
 * @param {string[]} heads
 * @param {Node[]} body
 */
export function table(id, heads, body) {
  const head = h("tr", {}, heads.map((text) => h("th", { scope: "col", text })));
  return h("div", { class: "table-wrap", tabindex: "0", role: "region", "aria-label": heads[0] }, h("table", { class: "data", id }, h("thead", {}, head), h("tbody", {}, body)));
}
