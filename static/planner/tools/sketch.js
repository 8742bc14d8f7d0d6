// A line drawn by hand, point by point or in one stroke: what the tools that cut, redraw and take patches share.

import { simplified, toPlane } from "../geometry.js";

/** @typedef {import("../stage.js").Stage} Stage */
/** @typedef {import("../stage.js").Tool} Tool */
/** @typedef {import("../stage.js").Spot} Spot */
/** @typedef {import("../geometry.js").Place} Place */

/** How far a drawn stroke may be off after points were left out. */
const SMOOTH_PX = 2.5;

export class Sketch {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    /** @type {Spot[]} */
    this.spots = [];
    this.stroke = false;
    /** @type {Spot | null} */
    this.next = null;
  }

  get empty() {
    return this.spots.length === 0;
  }

  clear() {
    this.spots = [];
    this.stroke = false;
    this.next = null;
    this.stage.layer.redrawAbove();
  }

  /** @param {Spot} at */
  add(at) {
    this.spots.push(at);
    this.stage.layer.redrawAbove();
  }

  /** Take the last point away. */
  back() {
    this.spots.pop();
    this.stage.layer.redrawAbove();
  }

  /**
   * Where the next point would be.
   * @param {Spot | null} at
   */
  point(at) {
    this.next = at;
    if (this.spots.length) this.stage.layer.redrawAbove();
  }

  /**
   * The drawn places; a stroke with as few points as it needs. No place twice in a row.
   * @returns {Place[]}
   */
  places() {
    const points = this.spots.map((spot) => spot.point);
    const kept = this.stroke ? new Set(simplified(points, SMOOTH_PX * this.stage.pixel)) : null;
    const places = this.spots.filter((spot) => !kept || kept.has(spot.point)).map((spot) => spot.place);
    return places.filter((place, i) => !i || place[0] !== places[i - 1][0] || place[1] !== places[i - 1][1]);
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {import("../canvas.js").Project} project
   * @param {boolean} [closed]
   */
  draw(pen, project, closed = false) {
    const spots = this.next && !this.stroke ? [...this.spots, this.next] : this.spots;
    if (!this.spots.length) return;
    pen.beginPath();
    spots.forEach((spot, i) => {
      const [x, y] = project(...toPlane(spot.place));
      if (i) pen.lineTo(x, y);
      else pen.moveTo(x, y);
    });
    if (closed) {
      pen.fillStyle = "rgb(194 24 91 / 18%)";
      pen.fill();
    }
    pen.lineWidth = 3;
    pen.setLineDash([8, 4]);
    pen.strokeStyle = "#c2185b";
    pen.stroke();
    pen.setLineDash([]);
    if (this.stroke) return;
    pen.fillStyle = "#c2185b";
    for (const spot of this.spots) {
      const [x, y] = project(...toPlane(spot.place));
      pen.fillRect(x - 3, y - 3, 6, 6);
    }
  }
}
