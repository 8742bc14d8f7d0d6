// Two tools that carry ground over a border: a loop drawn round it, or a broad brush. The grid where it begins gains.

import { h } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { inside, toPlace } from "../geometry.js";
import { brushed } from "../mask.js";
import { Sketch } from "./sketch.js";

/** @typedef {import("../stage.js").Stage} Stage */
/** @typedef {import("../stage.js").Tool} Tool */
/** @typedef {import("../stage.js").Spot} Spot */
/** @typedef {import("../geometry.js").Place} Place */
/** @typedef {import("../network.js").Network} Network */

const WIDTHS_PX = [12, 20, 32];

/** @implements {Tool} */
export class PatchTool {
  /**
   * @param {Stage} stage
   * @param {(text: string) => void} say
   * @param {"loop" | "brush"} name
   */
  constructor(stage, say, name) {
    this.stage = stage;
    this.say = say;
    this.name = name;
    this.sketch = new Sketch(stage);
    this.width = WIDTHS_PX[1];
    /** @type {string | null} */
    this.gains = null;
  }

  /** @param {Spot} at */
  press(at) {
    if (!this.stage.draft.editable) return false;
    this.gains = this.stage.draft.network.areaAt(...at.point);
    if (!this.gains) return false;
    this.sketch.clear();
    this.sketch.stroke = true;
    this.sketch.add(at);
    return true;
  }

  /** @param {Spot} at */
  drag(at) {
    this.sketch.add(at);
  }

  /** @param {Spot} at */
  drop(at) {
    this.sketch.add(at);
    const ring = this.name === "loop" ? closed(this.sketch.places()) : this.#brushed();
    this.sketch.clear();
    const { draft } = this.stage;
    const gains = this.gains;
    if (!gains || ring.length < 4) return this.say(t("patch.small"));
    const losers = losing(draft.network, ring, gains);
    if (!losers.length) return this.say(t("patch.misses"));
    for (const from of losers) void draft.edit({ kind: "transfer", path: ring, from, to: gains });
  }

  tap() {
    this.say(t(`patch.how_${this.name}`));
  }

  cancel() {
    this.sketch.clear();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.key !== "Escape" || this.sketch.empty) return false;
    this.sketch.clear();
    return true;
  }

  #brushed() {
    return closed(brushed(this.sketch.spots.map((spot) => spot.point), this.width * this.stage.pixel).map(toPlace));
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {import("../canvas.js").Project} project
   */
  draw(pen, project) {
    if (this.name === "loop") return this.sketch.draw(pen, project, true);
    pen.beginPath();
    this.sketch.spots.forEach((spot, i) => {
      const [x, y] = project(...spot.point);
      if (i) pen.lineTo(x, y);
      else pen.moveTo(x, y);
    });
    pen.lineWidth = this.width * 2;
    pen.lineCap = "round";
    pen.strokeStyle = "rgb(194 24 91 / 40%)";
    pen.stroke();
    pen.lineCap = "butt";
  }

  options() {
    const shown = [h("span", { class: "muted", text: t(`patch.how_${this.name}`) })];
    if (this.name === "loop") return shown;
    const choice = h("select", { id: "brush-width", on: { change: () => (this.width = Number(choice.value)) } });
    WIDTHS_PX.forEach((width, i) => choice.append(h("option", { value: width, text: t(`patch.width_${i}`) })));
    choice.value = String(this.width);
    return [...shown, h("label", { for: "brush-width", text: t("patch.width") }), choice];
  }
}

/** @param {Place[]} path */
function closed(path) {
  const [first, last] = [path[0], path[path.length - 1]];
  if (!first || (first[0] === last[0] && first[1] === last[1])) return path;
  return [...path, first];
}

/**
 * The neighbours of which a part lies inside a ring.
 * @param {Network} network
 * @param {Place[]} ring
 * @param {string} gains
 */
function losing(network, ring, gains) {
  const flat = ring.flat();
  return [...network.neighbours(gains)].filter((area) =>
    [...(network.byArea.get(area) ?? [])].some((id) => network.places(id).some(([x, y]) => inside([flat], x, y))) || crossed(network, ring, area),
  );
}

/**
 * Whether some corner of a ring lies in an area.
 * @param {Network} network
 * @param {Place[]} ring
 * @param {string} area
 */
function crossed(network, ring, area) {
  const rings = network.steps(area).map((steps) =>
    steps.flatMap(({ line, ahead }) => {
      const places = ahead ? network.places(line) : network.places(line).reverse();
      return places.slice(0, -1).flat();
    }),
  );
  return ring.some(([x, y]) => inside(rings, x, y));
}
