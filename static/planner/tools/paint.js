// The tool that paints grids into a police grid: every grid under the stroke is bound to it, in one step.

import { h } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { newId } from "../draft.js";

/** @typedef {import("../stage.js").Stage} Stage */
/** @typedef {import("../stage.js").Tool} Tool */
/** @typedef {import("../stage.js").Spot} Spot */

/** @implements {Tool} */
export class PaintTool {
  name = "paint";

  /**
   * @param {Stage} stage
   * @param {(text: string) => void} say
   */
  constructor(stage, say) {
    this.stage = stage;
    this.say = say;
    /** The police grid that is painted with; empty for none. */
    this.brush = "";
    /** @type {Set<string>} */
    this.painted = new Set();
    /** @type {Spot | null} */
    this.last = null;
  }

  /** @param {Spot} at */
  press(at) {
    if (!this.stage.draft.editable) return false;
    if (!this.brush) {
      this.say(t("paint.choose"));
      return false;
    }
    this.painted = new Set();
    this.last = at;
    this.#take(at);
    return true;
  }

  /** @param {Spot} at */
  drag(at) {
    // A fast stroke leaves out grids between two events: they are painted too.
    const last = this.last ?? at;
    const steps = Math.max(1, Math.ceil(Math.hypot(at.x - last.x, at.y - last.y) / 6));
    for (let i = 1; i <= steps; i++)
      this.#take({ ...at, point: [last.point[0] + ((at.point[0] - last.point[0]) * i) / steps, last.point[1] + ((at.point[1] - last.point[1]) * i) / steps] });
    this.last = at;
    this.stage.layer.redrawAbove();
  }

  drop() {
    const grids = [...this.painted];
    this.cancel();
    if (grids.length) void this.stage.draft.edit({ kind: "bind", grids, police_grid: this.brush });
  }

  /** @param {Spot} at */
  tap(at) {
    if (!this.brush || !this.stage.draft.editable) return;
    this.#take(at);
    this.drop();
  }

  cancel() {
    this.painted = new Set();
    this.last = null;
    this.stage.layer.redrawAbove();
  }

  /** @param {Spot} at */
  #take(at) {
    const { draft } = this.stage;
    const area = draft.network.areaAt(...at.point);
    if (!area || this.painted.has(area) || draft.grids.get(area)?.police_grid === this.brush) return;
    this.painted.add(area);
    this.stage.layer.redrawAbove();
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {import("../canvas.js").Project} project
   */
  draw(pen, project) {
    const { layer, draft } = this.stage;
    pen.fillStyle = layer.colours.get(this.brush) ?? "#c2185b";
    pen.globalAlpha = 0.7;
    for (const area of this.painted) {
      pen.beginPath();
      for (const ring of draft.network.shape(area)?.rings ?? [])
        for (let i = 0; i < ring.length; i += 2) {
          const [x, y] = project(ring[i], ring[i + 1]);
          if (i) pen.lineTo(x, y);
          else pen.moveTo(x, y);
        }
      pen.fill();
    }
    pen.globalAlpha = 1;
  }

  /** Found a new police grid, and paint with it. */
  async found() {
    const name = prompt(t("paint.new_name"))?.trim();
    if (!name) return;
    this.brush = newId();
    await this.stage.draft.edit({ kind: "new_police_grid", police_grid: this.brush, name });
    this.stage.choose(this);
  }

  options() {
    const { draft } = this.stage;
    const choice = h("select", { id: "paint-with", on: { change: () => (this.brush = choice.value) } }, h("option", { value: "", text: t("paint.none") }));
    for (const [id, { name }] of [...draft.policeGrids].sort(([, a], [, b]) => a.name.localeCompare(b.name, "zh")))
      choice.append(h("option", { value: id, text: name }));
    choice.value = this.brush;
    return [
      h("label", { for: "paint-with", text: t("paint.with") }),
      choice,
      h("button", { class: "btn", type: "button", text: t("paint.new"), on: { click: () => void this.found() } }),
    ];
  }
}
