// The tool that draws a part of a border anew: a stroke that begins and ends on one line takes the place of what lies between.

import { h } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { changes, crosses } from "../edits.js";
import { handleAt } from "../hits.js";
import { Sketch } from "./sketch.js";

/** @typedef {import("../stage.js").Stage} Stage */
/** @typedef {import("../stage.js").Tool} Tool */
/** @typedef {import("../stage.js").Spot} Spot */
/** @typedef {import("../geometry.js").Place} Place */
/** @typedef {import("../network.js").Network} Network */

/** @implements {Tool} */
export class RedrawTool {
  name = "redraw";

  /**
   * @param {Stage} stage
   * @param {(text: string) => void} say
   */
  constructor(stage, say) {
    this.stage = stage;
    this.say = say;
    this.sketch = new Sketch(stage);
    /** @type {Map<string, number>} */
    this.began = new Map();
  }

  /** @param {Spot} at */
  press(at) {
    const { draft } = this.stage;
    if (!draft.editable || draft.waitsForService) return false;
    this.began = positions(draft.network, at, this.stage.reach(at));
    for (const line of this.began.keys()) if (draft.isLocked("line", line)) this.began.delete(line);
    if (!this.began.size) return false;
    this.sketch.clear();
    this.sketch.stroke = true;
    this.sketch.add(at);
    return true;
  }

  /** @param {Spot} at */
  drag(at) {
    this.sketch.add(this.stage.snap(at));
  }

  /** @param {Spot} at */
  drop(at) {
    const { draft } = this.stage;
    this.sketch.add(at);
    const path = this.sketch.places();
    this.sketch.clear();
    const ended = positions(draft.network, at, this.stage.reach(at));
    const line = [...this.began.keys()].find((id) => ended.has(id) && ended.get(id) !== this.began.get(id));
    if (!line) return this.say(t("redraw.misses"));
    const operation = { kind: "reshape", line, via: redrawn(draft.network, line, Number(this.began.get(line)), Number(ended.get(line)), path) };
    const next = draft.network.with(changes(draft.network, operation) ?? {});
    if (crosses(next, [line])) return this.say(t("refused.crossing"));
    void draft.edit(operation);
  }

  tap() {
    this.say(t("redraw.how"));
  }

  cancel() {
    this.sketch.clear();
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {import("../canvas.js").Project} project
   */
  draw(pen, project) {
    this.sketch.draw(pen, project);
  }

  options() {
    return [h("span", { class: "muted", text: t("redraw.how") })];
  }
}

/**
 * Where on which lines a spot lies: the place's position in the line's course, halves between two of them.
 * @param {Network} network
 * @param {Spot} at
 * @param {number} reach
 * @returns {Map<string, number>}
 */
function positions(network, at, reach) {
  const inner = [...network.lines.keys()].filter((id) => !network.isOuter(id));
  const handle = handleAt(network, inner, at.point, reach);
  if (!handle) return new Map();
  if (handle.kind !== "node") return new Map([[handle.line, handle.kind === "vertex" ? handle.at + 1 : handle.at + 0.5]]);
  const lines = [...(network.byNode.get(handle.node) ?? [])].filter((id) => !network.isOuter(id));
  return new Map(lines.map((id) => [id, network.line(id).start === handle.node ? 0 : network.line(id).via.length + 1]));
}

/**
 * A line's inner places with the part between two positions replaced by a path.
 * @param {Network} network
 * @param {string} line
 * @param {number} from
 * @param {number} to
 * @param {Place[]} path
 * @returns {Place[]}
 */
export function redrawn(network, line, from, to, path) {
  const places = network.places(line);
  const [low, high, way] = from < to ? [from, to, path] : [to, from, [...path].reverse()];
  const whole = Number.isInteger(low);
  const part = way.slice(whole ? 1 : 0, Number.isInteger(high) ? -1 : undefined);
  return [...places.slice(1, Math.floor(low) + 1), ...part, ...places.slice(Math.ceil(high), -1)];
}
