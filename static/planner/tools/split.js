// The tool that cuts a grid in two by a line: drawn in one stroke, or point by point and ended by a double press.

import { h } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { toPlane } from "../geometry.js";
import { newId } from "../draft.js";
import { Sketch } from "./sketch.js";

/** @typedef {import("../stage.js").Stage} Stage */
/** @typedef {import("../stage.js").Tool} Tool */
/** @typedef {import("../stage.js").Spot} Spot */
/** @typedef {import("../geometry.js").Place} Place */

/** How far beyond a border a line that ends on it is carried on, about 0.3 m: a rounded end may lie just inside. */
const BEYOND = 300;

/** @implements {Tool} */
export class SplitTool {
  name = "split";

  /**
   * @param {Stage} stage
   * @param {(text: string) => void} say
   */
  constructor(stage, say) {
    this.stage = stage;
    this.say = say;
    this.sketch = new Sketch(stage);
  }

  /** @param {Spot} at */
  #snapped(at) {
    const { network } = this.stage.draft;
    const area = this.stage.chosen[0] ?? network.areaAt(...at.point);
    return this.stage.snap(at, (area && network.byArea.get(area)) || network.lines.keys());
  }

  /** @param {Spot} at */
  press(at) {
    if (!this.stage.draft.editable) return false;
    this.began = at;
    return true;
  }

  /** @param {Spot} at */
  drag(at) {
    if (!this.sketch.stroke) {
      this.sketch.clear();
      this.sketch.stroke = true;
      if (this.began) this.sketch.add(this.began);
    }
    this.sketch.add(at);
  }

  /** @param {Spot} at */
  drop(at) {
    this.sketch.add(at);
    const { spots } = this.sketch;
    const { network } = this.stage.draft;
    const cut = network.areaAt(...spots[spots.length >> 1].point);
    // An end that has not quite left the grid is put on its border; one that has left it stays.
    const ends = [0, spots.length - 1].filter((i) => network.areaAt(...spots[i].point) === cut);
    for (const i of ends) spots[i] = this.#snapped(spots[i]);
    this.finish();
  }

  /** @param {Spot} at */
  tap(at) {
    this.sketch.add(this.#snapped(at));
  }

  twice() {
    this.finish();
  }

  /** @param {Spot | null} at */
  hover(at) {
    this.sketch.point(at && this.#snapped(at));
  }

  cancel() {
    if (this.sketch.stroke) this.sketch.clear();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.key === "Escape" && !this.sketch.empty) this.sketch.clear();
    else if (event.key === "Enter" && !this.sketch.empty) this.finish();
    else if ((event.key === "Backspace" || event.key === "Delete") && !this.sketch.empty) this.sketch.back();
    else return false;
    return true;
  }

  finish() {
    const { spots } = this.sketch;
    const path = carried(this.sketch.places(), spots[0]?.on === "line", spots.at(-1)?.on === "line");
    const { draft } = this.stage;
    this.sketch.clear();
    const area = this.#area(path);
    if (!area) return this.say(t("split.misses"));
    this.stage.pick([]);
    void draft.edit({ kind: "split", area, path, new_area: newId() });
  }

  /**
   * The grid that a path is meant for: the chosen one, else the one in which most of it lies.
   * @param {Place[]} path
   * @returns {string | null}
   */
  #area(path) {
    if (path.length < 2) return null;
    const { network } = this.stage.draft;
    /** @type {Map<string, number>} */
    const lengths = new Map();
    for (let i = 1; i < path.length; i++) {
      const [a, b] = [toPlane(path[i - 1]), toPlane(path[i])];
      for (let part = 0.05; part < 1; part += 0.1) {
        const area = network.areaAt(a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part);
        if (area) lengths.set(area, (lengths.get(area) ?? 0) + Math.hypot(b[0] - a[0], b[1] - a[1]));
      }
    }
    const [chosen] = this.stage.chosen;
    if (chosen && lengths.has(chosen)) return chosen;
    return [...lengths].sort(([, a], [, b]) => b - a)[0]?.[0] ?? null;
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {import("../canvas.js").Project} project
   */
  draw(pen, project) {
    this.sketch.draw(pen, project);
  }

  options() {
    return [
      h("span", { class: "muted", text: t("split.how") }),
      h("button", { class: "btn", type: "button", text: t("split.finish"), on: { click: () => this.finish() } }),
    ];
  }
}

/**
 * A path whose ends are carried on a little.
 * @param {Place[]} path
 * @param {boolean} first
 * @param {boolean} last
 * @returns {Place[]}
 */
export function carried(path, first, last) {
  if (path.length < 2) return path;
  const next = [...path];
  if (first) next[0] = beyond(path[1], path[0]);
  if (last) next[next.length - 1] = beyond(path[path.length - 2], path[path.length - 1]);
  return next;
}

/**
 * @param {Place} from
 * @param {Place} to
 * @returns {Place}
 */
function beyond(from, to) {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const share = BEYOND / (Math.hypot(dx, dy) || 1);
  return [Math.round(to[0] + dx * share), Math.round(to[1] + dy * share)];
}
