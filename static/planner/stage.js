// Where tools act: pointers become presses, drags and taps of the chosen tool; two fingers always move the map.

import { toPlace, toPlane } from "./geometry.js";
import { snapped } from "./hits.js";

/** @typedef {import("./canvas.js").NetworkLayer} NetworkLayer */
/** @typedef {import("./canvas.js").Project} Project */
/** @typedef {import("./draft.js").Draft} Draft */
/** @typedef {import("./geometry.js").Place} Place */

/**
 * Where a pointer is: pixels of the map's window, the drawing plane, the network's own units.
 * `on` says what it was snapped to.
 * @typedef {{x: number, y: number, point: [number, number], place: Place, touch: boolean, more: boolean, on?: "vertex" | "line"}} Spot
 */

/**
 * What the chosen tool may do. `press` says whether it takes the pointer; what it does not take moves the map.
 * @typedef {object} Tool
 * @property {string} name
 * @property {(at: Spot) => boolean} press
 * @property {(at: Spot) => void} [drag]
 * @property {(at: Spot) => void} [drop]
 * @property {(at: Spot) => void} [tap] a press that went nowhere
 * @property {(at: Spot) => void} [twice] a double tap or click
 * @property {(at: Spot | null) => void} [hover]
 * @property {() => void} [cancel]
 * @property {(event: KeyboardEvent) => boolean} [key] whether it was for the tool
 * @property {(pen: CanvasRenderingContext2D, project: Project) => void} [draw]
 * @property {() => Node[]} [options] what stands beside the tools while it is chosen
 */

const STILL_PX = { mouse: 3, touch: 9 };
const TWICE_MS = 350;
const REACH_PX = { mouse: 9, touch: 22 };
const SNAP_PX = 12;

export class Stage extends EventTarget {
  /**
   * @param {any} map
   * @param {NetworkLayer} layer
   * @param {Draft} draft
   */
  constructor(map, layer, draft) {
    super();
    this.map = map;
    this.layer = layer;
    this.draft = draft;
    /** @type {Tool} */
    this.tool = { name: "", press: () => false };
    /** Chosen areas, the first one first. @type {string[]} */
    this.chosen = [];
    /** Lines of an imported file, on the drawing plane. @type {Float64Array[]} */
    this.guides = [];
    this.snaps = true;
    /** @type {Map<number, Spot>} */
    this.pointers = new Map();
    /** @type {{id: number, from: Spot, moved: boolean, taken: boolean} | null} */
    this.gesture = null;
    this.lastTap = { time: -TWICE_MS, x: 0, y: 0 };
    this.movedAt = 0;
    layer.drawAbove = (pen, project) => this.#draw(pen, project);
    this.#listen(map.getContainer());
  }

  /** @param {Tool} tool */
  choose(tool) {
    this.tool.cancel?.();
    this.tool = tool;
    this.map.getContainer().dataset.tool = tool.name;
    this.dispatchEvent(new CustomEvent("tool"));
    this.layer.redrawAbove();
  }

  /**
   * Choose areas on the map and in the lists.
   * @param {string[]} areas
   */
  pick(areas) {
    this.chosen = areas;
    this.dispatchEvent(new CustomEvent("chosen"));
    this.layer.redrawAbove();
  }

  /** How far a finger or mouse may be off, on the drawing plane. @param {Spot} at */
  reach(at) {
    return REACH_PX[at.touch ? "touch" : "mouse"] / (this.layer.scale ?? 1);
  }

  /** One pixel on the drawing plane. */
  get pixel() {
    return 1 / (this.layer.scale ?? 1);
  }

  /**
   * A spot moved onto a line nearby: of the imported file, and of the network itself when `own` names lines.
   * @param {Spot} at
   * @param {Iterable<string>} [own]
   * @returns {Spot}
   */
  snap(at, own = []) {
    if (!this.snaps) return at;
    const network = this.draft.network;
    const found = snapped(at.point, [...this.guides, ...[...own].map((id) => network.course(id))], SNAP_PX * this.pixel);
    return found ? { ...at, point: found.point, place: toPlace(found.point), on: found.on } : at;
  }

  /** @param {HTMLElement} box */
  #listen(box) {
    box.addEventListener("pointerdown", (event) => this.#down(event), { capture: true });
    box.addEventListener("pointermove", (event) => this.#move(event));
    box.addEventListener("pointerup", (event) => this.#up(event));
    box.addEventListener("pointercancel", (event) => this.#lost(event));
    box.addEventListener("pointerleave", () => this.gesture || this.tool.hover?.(null));
    box.addEventListener("contextmenu", (event) => event.preventDefault());
    // The click that follows a tap would press what the tap has just opened under the finger.
    box.addEventListener("touchend", (event) => event.cancelable && isMap(event) && event.preventDefault(), { passive: false });
  }

  /**
   * @param {PointerEvent} event
   * @returns {Spot}
   */
  spot(event) {
    const { x, y } = this.map.mouseEventToContainerPoint(event);
    const { lat, lng } = this.map.containerPointToLatLng([x, y]);
    /** @type {Place} */
    const place = [Math.round(lng * 1e8), Math.round(lat * 1e8)];
    const more = event.shiftKey || event.ctrlKey || event.metaKey;
    return { x, y, place, point: toPlane(place), touch: event.pointerType !== "mouse", more };
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0 || !isMap(event)) return;
    const at = this.spot(event);
    this.pointers.set(event.pointerId, at);
    if (this.pointers.size > 1) return this.#stop();
    const taken = this.tool.press(at);
    this.gesture = { id: event.pointerId, from: at, moved: false, taken };
    if (!taken) return;
    this.map.dragging.disable();
    /** @type {Element} */ (event.currentTarget).setPointerCapture(event.pointerId);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const gesture = this.gesture;
    const at = this.spot(event);
    if (!gesture) return this.pointers.size ? undefined : this.tool.hover?.(at);
    if (event.pointerId !== gesture.id) return;
    const far = Math.hypot(at.x - gesture.from.x, at.y - gesture.from.y);
    if (!gesture.moved && far < STILL_PX[at.touch ? "touch" : "mouse"]) return;
    gesture.moved = true;
    if (!gesture.taken) return;
    this.movedAt = event.timeStamp;
    this.tool.drag?.(at);
  }

  /** @param {PointerEvent} event */
  #up(event) {
    this.pointers.delete(event.pointerId);
    const gesture = this.gesture;
    if (!gesture || event.pointerId !== gesture.id) return;
    this.#free();
    const at = this.spot(event);
    if (gesture.moved) return gesture.taken ? this.tool.drop?.(at) : undefined;
    if (gesture.taken) this.tool.cancel?.();
    const twice = event.timeStamp - this.lastTap.time < TWICE_MS && Math.hypot(at.x - this.lastTap.x, at.y - this.lastTap.y) < 20;
    this.lastTap = { time: twice ? -TWICE_MS : event.timeStamp, x: at.x, y: at.y };
    if (twice && this.tool.twice) this.tool.twice(gesture.from);
    else this.tool.tap?.(gesture.from);
  }

  /** @param {PointerEvent} event */
  #lost(event) {
    this.pointers.delete(event.pointerId);
    if (this.gesture?.id === event.pointerId) this.#stop();
  }

  /** A second finger, or the system, took the gesture away. */
  #stop() {
    if (this.gesture?.taken) this.tool.cancel?.();
    this.#free();
    this.layer.redrawAbove();
  }

  #free() {
    this.gesture = null;
    this.map.dragging.enable();
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {Project} project
   */
  #draw(pen, project) {
    this.#drawGuides(pen, project);
    this.#drawChosen(pen);
    this.tool.draw?.(pen, project);
    this.dispatchEvent(new CustomEvent("draw", { detail: { pen, project } }));
    if (!this.movedAt) return;
    // For measurements: from the pointer's move to the finished picture.
    performance.clearMeasures("planner:drawn");
    performance.measure("planner:drawn", { start: this.movedAt, end: performance.now() });
    this.movedAt = 0;
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {Project} project
   */
  #drawGuides(pen, project) {
    if (!this.guides.length) return;
    pen.beginPath();
    for (const course of this.guides)
      for (let i = 0; i < course.length; i += 2) {
        const [x, y] = project(course[i], course[i + 1]);
        if (i) pen.lineTo(x, y);
        else pen.moveTo(x, y);
      }
    pen.setLineDash([6, 4]);
    pen.lineWidth = 2;
    pen.strokeStyle = "#8c2d8c";
    pen.stroke();
    pen.setLineDash([]);
  }

  /** @param {CanvasRenderingContext2D} pen */
  #drawChosen(pen) {
    const { network } = this.draft;
    const rings = this.chosen.flatMap((area) => network.shape(area)?.rings ?? []);
    outline(pen, rings, this.layer.project, "#ffffff", 7);
    outline(pen, rings, this.layer.project, "#c2185b", 3.5);
  }
}

/**
 * Whether an event is for the ground and not for what stands on it.
 * @param {Event} event
 */
function isMap(event) {
  return !(event.target instanceof Element && event.target.closest(".leaflet-control, .leaflet-popup, .leaflet-marker-icon, .planner-clash"));
}

/**
 * Draw rings or lines.
 * @param {CanvasRenderingContext2D} pen
 * @param {ArrayLike<number>[]} rings flat, on the drawing plane
 * @param {Project} project
 * @param {string} colour
 * @param {number} width
 * @param {boolean} [closed]
 */
export function outline(pen, rings, project, colour, width, closed = true) {
  pen.beginPath();
  for (const ring of rings) {
    for (let i = 0; i < ring.length; i += 2) {
      const [x, y] = project(ring[i], ring[i + 1]);
      if (i) pen.lineTo(x, y);
      else pen.moveTo(x, y);
    }
    if (closed) pen.closePath();
  }
  pen.lineWidth = width;
  pen.strokeStyle = colour;
  pen.stroke();
}
