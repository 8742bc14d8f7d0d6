// The network on the map: one canvas for what rests, one above it for what moves. Both belong to one Leaflet layer.

import { UNBOUND, colour, policeColours } from "./looks.js";

/** @typedef {import("./network.js").Network} Network */
/** @typedef {import("./geometry.js").Box} Box */

/**
 * What the layer draws: the draft as it is shown.
 * @typedef {object} Scene
 * @property {Network} network
 * @property {Map<string, import("./draft.js").Grid>} grids
 * @property {Map<string, import("./draft.js").PoliceGrid>} policeGrids
 */

/** @typedef {(x: number, y: number) => [number, number]} Project drawing plane to canvas pixels */

/** How much more than the window is drawn, so that a small pan shows no empty edge. */
const MARGIN = 0.15;
const WORLD = 256;
/** Vertices nearer to the last drawn one than this are left out. */
const FINE_PX = 0.9;
const NAMES_AT_MOST = 160;
const NAME_PX = 12;

/** A Leaflet layer; the page adds it to its map. */
export class NetworkLayer {
  /** @param {any} map */
  constructor(map) {
    this.map = map;
    this.box = L.DomUtil.create("div", "network-layer", map.getPanes().overlayPane);
    this.rest = /** @type {HTMLCanvasElement} */ (L.DomUtil.create("canvas", "network-rest", this.box));
    this.above = /** @type {HTMLCanvasElement} */ (L.DomUtil.create("canvas", "network-above", this.box));
    for (const canvas of [this.rest, this.above]) canvas.setAttribute("aria-hidden", "true");
    /** @type {Scene | null} */
    this.scene = null;
    /** @type {Map<string, string>} */
    this.colours = new Map();
    /** Areas that are drawn above for the time of a drag. @type {Set<string>} */
    this.lifted = new Set();
    /** @type {(pen: CanvasRenderingContext2D, project: Project) => void} */
    this.drawAbove = () => {};
    this.waits = { rest: 0, above: 0 };
    this.zoom = map.getZoom();
    this.origin = [0, 0];
    this.ink = { line: colour("map-grid-line"), police: colour("map-police-line"), text: colour("ink"), paper: colour("paper") };
    map.on("moveend viewreset resize", () => this.reset());
    map.on("zoom", () => this.#stretch());
    this.reset();
  }

  /**
   * Show a draft's state.
   * @param {Scene} scene
   */
  show(scene) {
    const same = this.scene && this.scene.grids === scene.grids && this.scene.policeGrids === scene.policeGrids;
    this.scene = scene;
    if (!same) this.colours = policeColours(scene.network, scene.grids, scene.policeGrids, this.colours);
    this.redraw();
  }

  /**
   * The colour of a grid: its police grid's.
   * @param {string} area
   */
  colourOf(area) {
    const bound = this.scene?.grids.get(area)?.police_grid;
    return (bound && this.colours.get(bound)) || UNBOUND;
  }

  /**
   * Take areas out of the resting picture; what moves draws them above. Only their ground is wiped: their outer
   * borders stay, and drawing the whole picture anew would be felt at the beginning of a drag.
   * @param {Iterable<string>} areas
   */
  lift(areas) {
    this.lifted = new Set(areas);
    const pen = this.rest.getContext("2d");
    if (!pen || !this.scene) return;
    pen.globalCompositeOperation = "destination-out";
    for (const area of this.lifted) {
      pen.beginPath();
      for (const ring of this.scene.network.shape(area)?.rings ?? []) this.#trace(pen, ring, true);
      pen.fill("evenodd");
    }
    pen.globalCompositeOperation = "source-over";
  }

  /** Draw what rests, once, before the next picture. */
  redraw() {
    cancelAnimationFrame(this.waits.rest);
    this.waits.rest = requestAnimationFrame(() => this.#drawRest());
    this.redrawAbove();
  }

  /** Draw what moves before the next picture. */
  redrawAbove() {
    cancelAnimationFrame(this.waits.above);
    this.waits.above = requestAnimationFrame(() => this.#drawAbove());
  }

  /** Fit the canvases to the window. */
  reset() {
    const size = this.map.getSize();
    const corner = this.map.containerPointToLayerPoint([-size.x * MARGIN, -size.y * MARGIN]).round();
    const [width, height] = [Math.ceil(size.x * (1 + 2 * MARGIN)), Math.ceil(size.y * (1 + 2 * MARGIN))];
    const dense = Math.min(2, window.devicePixelRatio || 1);
    this.zoom = this.map.getZoom();
    this.corner = this.map.layerPointToLatLng(corner);
    L.DomUtil.setTransform(this.box, corner, 1);
    for (const canvas of [this.rest, this.above]) {
      if (canvas.width === width * dense && canvas.height === height * dense) continue;
      canvas.width = width * dense;
      canvas.height = height * dense;
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    this.dense = dense;
    const origin = this.map.getPixelOrigin();
    this.origin = [origin.x + corner.x, origin.y + corner.y];
    this.scale = WORLD * 2 ** this.zoom;
    this.#drawRest();
    this.#drawAbove();
  }

  /** While fingers zoom, the last picture is stretched. */
  #stretch() {
    if (!this.corner) return;
    const scale = this.map.getZoomScale(this.map.getZoom(), this.zoom);
    L.DomUtil.setTransform(this.box, this.map.latLngToLayerPoint(this.corner), scale);
  }

  /** @type {Project} */
  project = (x, y) => [x * (this.scale ?? 1) - this.origin[0], y * (this.scale ?? 1) - this.origin[1]];

  /** What is in the canvas, on the drawing plane. @returns {Box} */
  get view() {
    const scale = this.scale ?? 1;
    const dense = this.dense ?? 1;
    const [west, north] = [this.origin[0] / scale, this.origin[1] / scale];
    return { west, north, east: west + this.rest.width / dense / scale, south: north + this.rest.height / dense / scale };
  }

  /**
   * @param {HTMLCanvasElement} canvas
   * @returns {CanvasRenderingContext2D}
   */
  #cleared(canvas) {
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.setTransform(this.dense ?? 1, 0, 0, this.dense ?? 1, 0, 0);
    pen.lineJoin = "round";
    return pen;
  }

  #drawRest() {
    cancelAnimationFrame(this.waits.rest);
    if (!this.scene) return;
    const pen = this.#cleared(this.rest);
    const { network } = this.scene;
    const view = this.view;
    const seen = network.areas.filter((area) => !this.lifted.has(area) && overlaps(network.shape(area)?.box, view));
    this.fill(pen, network, seen);
    const lines = new Set(seen.flatMap((area) => [...(network.byArea.get(area) ?? [])]));
    for (const area of this.lifted) for (const id of network.byArea.get(area) ?? []) lines.delete(id);
    this.stroke(pen, network, lines);
    this.#names(pen, network, seen);
  }

  #drawAbove() {
    cancelAnimationFrame(this.waits.above);
    const pen = this.#cleared(this.above);
    this.drawAbove(pen, this.project);
  }

  /**
   * Fill areas in the colour of their police grid.
   * @param {CanvasRenderingContext2D} pen
   * @param {Network} network
   * @param {Iterable<string>} areas
   */
  fill(pen, network, areas) {
    pen.globalAlpha = 0.42;
    for (const area of areas) {
      const shape = network.shape(area);
      if (!shape) continue;
      pen.beginPath();
      for (const ring of shape.rings) this.#trace(pen, ring, true);
      pen.fillStyle = this.colourOf(area);
      pen.fill("evenodd");
    }
    pen.globalAlpha = 1;
  }

  /**
   * Draw lines: borders of grids thin, of police grids thick, of the station thickest.
   * @param {CanvasRenderingContext2D} pen
   * @param {Network} network
   * @param {Iterable<string>} lines
   */
  stroke(pen, network, lines) {
    /** @type {string[][]} */
    const kinds = [[], [], []];
    for (const id of lines) kinds[this.#kind(network, id)].push(id);
    const looks = [
      [1.2, this.ink.line],
      [3, this.ink.police],
      [4, this.ink.text],
    ];
    kinds.forEach((ids, kind) => {
      pen.beginPath();
      for (const id of ids) this.#trace(pen, network.course(id), false);
      pen.lineWidth = Number(looks[kind][0]);
      pen.strokeStyle = String(looks[kind][1]);
      pen.stroke();
    });
  }

  /**
   * @param {Network} network
   * @param {string} id
   */
  #kind(network, id) {
    const { left, right } = network.line(id);
    if (left === null || right === null) return 2;
    const grids = this.scene?.grids;
    return grids?.get(left)?.police_grid === grids?.get(right)?.police_grid ? 0 : 1;
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {ArrayLike<number>} flat
   * @param {boolean} closed
   */
  #trace(pen, flat, closed) {
    const [scale, [left, top]] = [this.scale ?? 1, this.origin];
    let [lastX, lastY] = [flat[0] * scale - left, flat[1] * scale - top];
    pen.moveTo(lastX, lastY);
    for (let i = 2; i < flat.length; i += 2) {
      const [x, y] = [flat[i] * scale - left, flat[i + 1] * scale - top];
      if (Math.abs(x - lastX) + Math.abs(y - lastY) < FINE_PX && i < flat.length - 2) continue;
      pen.lineTo(x, y);
      [lastX, lastY] = [x, y];
    }
    if (closed) pen.closePath();
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {Network} network
   * @param {string[]} areas
   */
  #names(pen, network, areas) {
    if (areas.length > NAMES_AT_MOST) return;
    pen.font = `500 ${NAME_PX}px ${colour("font")}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.lineWidth = 3;
    pen.strokeStyle = this.ink.paper;
    pen.fillStyle = this.ink.text;
    const nameOf = (/** @type {string} */ area) => this.scene?.grids.get(area)?.name ?? "";
    const roomy = areas.filter((area) => {
      const box = network.shape(area)?.box;
      return box && (box.east - box.west) * (this.scale ?? 1) > pen.measureText(nameOf(area)).width + 6;
    });
    if (roomy.length * 2 < areas.length) return this.#beatNames(pen, network, areas);
    for (const area of roomy) write(pen, nameOf(area), this.project(...(network.shape(area)?.label ?? [0, 0])));
  }

  /**
   * From afar, where few names of grids have room: each police grid's name in the middle of its grids.
   * @param {CanvasRenderingContext2D} pen
   * @param {Network} network
   * @param {string[]} areas
   */
  #beatNames(pen, network, areas) {
    /** @type {Map<string, string[]>} */
    const members = new Map();
    for (const area of areas) {
      const beat = this.scene?.grids.get(area)?.police_grid;
      if (beat) members.set(beat, [...(members.get(beat) ?? []), area]);
    }
    pen.font = `700 ${NAME_PX + 2}px ${colour("font")}`;
    for (const [beat, grids] of members) {
      const labels = grids.flatMap((area) => [network.shape(area)?.label ?? [0, 0]]);
      const [x, y] = [0, 1].map((way) => labels.reduce((sum, label) => sum + label[way], 0) / labels.length);
      write(pen, this.scene?.policeGrids.get(beat)?.name ?? "", this.project(x, y));
    }
  }
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {string} name
 * @param {[number, number]} at
 */
function write(pen, name, [x, y]) {
  pen.strokeText(name, x, y);
  pen.fillText(name, x, y);
}

/**
 * @param {Box | undefined} one
 * @param {Box} two
 */
function overlaps(one, two) {
  return one && one.west <= two.east && one.east >= two.west && one.north <= two.south && one.south >= two.north;
}
