// The panel's comparison with another plan or draft: what moves from whom to whom, as a table and on the map.

import { fill, h } from "../shared/dom.js";
import { explain, getJson } from "../shared/http.js";
import { number, t } from "../shared/i18n.js";
import { table } from "./figures.js";

/**
 * A piece of ground that changes hands.
 * @typedef {{from: any, to: any, area_m2: number, households: number, open_cases: number, places: number, staff: any, patrols?: any, geometry: any}} Move
 */

const COLUMNS = ["area_m2", "households", "open_cases", "places", "staff", "patrols"];

export class CompareTab {
  name = "compare";

  /**
   * @param {import("./draft.js").Draft} draft
   * @param {any} map
   */
  constructor(draft, map) {
    this.draft = draft;
    this.map = map;
    this.box = h("div", { class: "stack" });
    this.result = h("div", { class: "stack", id: "comparison" });
    this.shown = L.geoJSON(null, { style: () => ({ color: "#7b1fa2", weight: 3, fillOpacity: 0.45 }), renderer: L.canvas() }).addTo(map);
  }

  open() {
    void this.#choices();
    return this.box;
  }

  close() {
    this.shown.clearLayers();
  }

  async #choices() {
    try {
      const [plans, drafts] = await Promise.all(["plans", "drafts"].map((name) => getJson(`/api/v1/${name}`)));
      const choice = h("select", { id: "compare-with", on: { change: () => void this.run(choice.value) } });
      choice.append(group(t("compare.plans"), list(plans, "plans")), group(t("compare.drafts"), list(drafts, "drafts").filter((one) => one.id !== this.draft.id)));
      const base = this.draft.meta.base_plan?.id;
      if (base) choice.value = base;
      fill(this.box, h("div", { class: "field" }, h("label", { for: "compare-with", text: t("compare.with") }), choice), this.result);
      if (choice.value) await this.run(choice.value);
    } catch (error) {
      fill(this.box, h("p", { class: "alert", data: { tone: "error" }, role: "alert", text: explain(error) }));
    }
  }

  /** @param {string} other */
  async run(other) {
    fill(this.result, h("p", { role: "status", text: t("compare.running") }));
    try {
      await this.draft.queue.flush();
      const told = await getJson(`${this.draft.address}/compare?with=${encodeURIComponent(other)}`);
      this.#show(told.moves ?? told, told.totals ?? {});
    } catch (error) {
      fill(this.result, h("p", { class: "alert", data: { tone: "error" }, role: "alert", text: explain(error) }));
    }
  }

  /**
   * @param {Move[]} moves
   * @param {Record<string, any>} totals
   */
  #show(moves, totals) {
    this.shown.clearLayers();
    const layers = moves.map((move) => (move.geometry ? L.geoJSON(move.geometry) : null));
    moves.forEach((move) => move.geometry && this.shown.addData({ type: "Feature", geometry: move.geometry, properties: {} }));
    const go = (/** @type {number} */ i) => layers[i]?.getBounds().isValid() && this.map.fitBounds(layers[i].getBounds(), { maxZoom: 18, padding: [40, 40], animate: false });
    const body = moves.map((move, i) => {
      const button = h("button", { class: "link", type: "button", text: `${named(move.from)} → ${named(move.to)}`, on: { click: () => go(i) } });
      return h("tr", {}, h("th", { scope: "row" }, button), COLUMNS.map((key) => h("td", { class: "num", text: amount(key, /** @type {any} */ (move)[key]) })));
    });
    const heads = [t("compare.moves"), ...COLUMNS.map((key) => t(`compare.${key}`))];
    const sums = h("dl", { class: "figures" }, ["area_m2", "households", "open_cases", "places"].filter((key) => totals[key] !== undefined).map((key) => h("div", {}, h("dt", { text: t(`compare.${key}`) }), h("dd", { text: amount(key, totals[key]) }))));
    fill(this.result, moves.length ? [sums, table("moves", heads, body)] : h("p", { class: "empty card", text: t("compare.same") }));
  }
}

/**
 * @param {any} told
 * @param {string} name
 * @returns {any[]}
 */
function list(told, name) {
  return Array.isArray(told) ? told : (told[name] ?? told.items ?? []);
}

/**
 * @param {string} label
 * @param {any[]} items
 */
function group(label, items) {
  return h("optgroup", { label }, items.map((item) => h("option", { value: item.id, text: [item.number && `${item.number}`, item.name].filter(Boolean).join(" · ") })));
}

/** @param {any} side */
function named(side) {
  if (!side) return t("compare.nobody");
  const name = (/** @type {any} */ part) => (typeof part === "string" ? part : part?.name);
  return [name(side.police_grid), name(side.grid) ?? side.name].filter(Boolean).join(" / ") || t("compare.nobody");
}

/**
 * @param {string} key
 * @param {any} value
 */
function amount(key, value) {
  if (value === null || value === undefined) return "—";
  if (Array.isArray(value)) return number(value.length);
  if (typeof value === "object") return number(Object.values(value).flat().length);
  return key === "area_m2" ? number(value / 10_000, 2) : number(value);
}
