// Tools that mark: locks on grids and borders, and comments at a place.

import { h } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { handleAt } from "../hits.js";
import { outline } from "../stage.js";

/** @typedef {import("../stage.js").Stage} Stage */
/** @typedef {import("../stage.js").Tool} Tool */
/** @typedef {import("../stage.js").Spot} Spot */

/** @implements {Tool} */
export class LockTool {
  name = "lock";

  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
  }

  press() {
    return false;
  }

  /** @param {Spot} at */
  tap(at) {
    const { draft } = this.stage;
    if (!draft.editable) return;
    const inner = [...draft.network.lines.keys()].filter((id) => !draft.network.isOuter(id));
    const handle = handleAt(draft.network, inner, at.point, this.stage.reach(at));
    if (handle && handle.kind !== "node") return this.#turn("line", handle.line);
    const area = draft.network.areaAt(...at.point);
    if (area) this.#turn("grid", area);
  }

  /**
   * @param {"line" | "grid"} target
   * @param {string} id
   */
  #turn(target, id) {
    const { draft } = this.stage;
    void draft.edit({ kind: draft.isLocked(target, id) ? "unlock" : "lock", target, part: id });
  }

  options() {
    return [h("span", { class: "muted", text: t("lock.how") })];
  }
}

/** @implements {Tool} */
export class CommentTool {
  name = "comment";

  /**
   * @param {(at: Spot) => void} write
   */
  constructor(write) {
    this.write = write;
  }

  press() {
    return false;
  }

  /** @param {Spot} at */
  tap(at) {
    this.write(at);
  }

  options() {
    return [h("span", { class: "muted", text: t("comment.how") })];
  }
}

/**
 * Draw what is locked: grids hatched at their name, lines in a colour of their own.
 * @param {import("../draft.js").Draft} draft
 * @param {CanvasRenderingContext2D} pen
 * @param {import("../canvas.js").Project} project
 */
export function drawLocks(draft, pen, project) {
  const { network } = draft;
  for (const { target, id } of draft.locks) {
    if (target === "line" && network.lines.has(id)) outline(pen, [network.course(id)], project, "#5b3a00", 5, false);
    const areas = target === "grid" ? [id] : target === "police_grid" ? [...draft.grids].filter(([, grid]) => grid.police_grid === id).map(([area]) => area) : [];
    for (const area of areas) {
      const shape = network.shape(area);
      if (shape) padlock(pen, ...project(...shape.label));
    }
  }
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {number} x
 * @param {number} y
 */
function padlock(pen, x, y) {
  pen.fillStyle = "#5b3a00";
  pen.strokeStyle = "#5b3a00";
  pen.lineWidth = 2;
  pen.fillRect(x - 6, y - 24, 12, 9);
  pen.beginPath();
  pen.arc(x, y - 24, 4, Math.PI, 0);
  pen.stroke();
}
