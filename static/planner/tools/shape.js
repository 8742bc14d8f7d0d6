// The tool for moving borders: a corner, a vertex or the middle of an edge is dragged, and all areas beside it follow.

import { changes, crosses } from "../edits.js";
import { toPlace } from "../geometry.js";
import { handleAt } from "../hits.js";
import { t } from "../../shared/i18n.js";
import { outline } from "../stage.js";

/** @typedef {import("../stage.js").Stage} Stage */
/** @typedef {import("../stage.js").Tool} Tool */
/** @typedef {import("../stage.js").Spot} Spot */
/** @typedef {import("../hits.js").Handle} Handle */
/** @typedef {import("../network.js").Network} Network */

/** With more vertices than this in view only corners can be seen and dragged, with more corners only those of chosen areas. */
const HANDLES_AT_MOST = 900;

/** @implements {Tool} */
export class ShapeTool {
  name = "shape";

  /**
   * @param {Stage} stage
   * @param {(text: string) => void} say
   */
  constructor(stage, say) {
    this.stage = stage;
    this.say = say;
    /** @type {Handle | null} */
    this.hovered = null;
    /** The vertex that the keyboard acts on. @type {Handle | null} */
    this.held = null;
    /** @type {{handle: Handle, off: [number, number], operation: any, preview: Network | null, lines: Set<string>, areas: Set<string>, bad: boolean} | null} */
    this.dragged = null;
    /** The answer of `lines` for as long as it stands. @type {{key: any[], lines: string[], fine: boolean} | null} */
    this.known = null;
    stage.draft.addEventListener("drawn", () => this.forget());
  }

  /** What was under the mouse may be something else after a change. */
  forget() {
    this.hovered = null;
    this.held = null;
    const { network } = this.stage.draft;
    if (this.dragged && ![...this.dragged.lines].every((id) => network.lines.has(id))) this.cancel();
  }

  /** Lines whose handles can be dragged now: of the chosen areas, else of all in view when they are few. `known.fine` says whether their vertices can. */
  lines() {
    const { draft, chosen, layer } = this.stage;
    const { network } = draft;
    const key = [network, chosen, layer.scale, layer.origin];
    if (this.known && key.every((part, i) => part === this.known?.key[i])) return this.known.lines;
    const { west, north, east, south } = layer.view;
    const wanted = chosen.length ? chosen.flatMap((area) => [...(network.byArea.get(area) ?? [])]) : network.lines.keys();
    const seen = [...new Set(wanted)].filter((id) => {
      const course = network.course(id);
      for (let i = 0; i < course.length; i += 2)
        if (course[i] > west && course[i] < east && course[i + 1] > north && course[i + 1] < south) return true;
      return false;
    });
    const count = seen.reduce((sum, id) => sum + network.line(id).via.length + 1, 0);
    const lines = chosen.length || seen.length <= HANDLES_AT_MOST ? seen : [];
    this.known = { key, lines, fine: chosen.length > 0 || count <= HANDLES_AT_MOST };
    return lines;
  }

  /**
   * @param {Spot} at
   * @returns {Handle | null}
   */
  #find(at) {
    const { draft } = this.stage;
    const lines = this.lines().filter((id) => !draft.network.isOuter(id) && !draft.isLocked("line", id));
    const handle = handleAt(draft.network, lines, at.point, this.stage.reach(at), !this.known?.fine);
    return handle?.kind === "node" && draft.network.isFixed(handle.node) ? null : handle;
  }

  /** @param {Spot | null} at */
  hover(at) {
    const found = at && this.#find(at);
    if (!found && !this.hovered) return;
    this.hovered = found;
    this.stage.map.getContainer().classList.toggle("can-drag", found !== null);
    this.stage.layer.redrawAbove();
  }

  /** @param {Spot} at */
  press(at) {
    const { draft } = this.stage;
    const handle = draft.editable && !draft.waitsForService ? this.#find(at) : null;
    if (!handle) return false;
    const lines = new Set(handle.kind === "node" ? draft.network.byNode.get(handle.node) : [handle.line]);
    // A finger is seldom exact: the vertex keeps its distance to it instead of jumping under it.
    /** @type {[number, number]} */
    const off = [handle.point[0] - at.point[0], handle.point[1] - at.point[1]];
    this.dragged = { handle, off, operation: null, preview: null, lines, areas: draft.network.areasOf(lines), bad: false };
    return true;
  }

  /** @param {Spot} at */
  drag(at) {
    const dragged = this.dragged;
    if (!dragged) return;
    if (!dragged.operation) this.stage.layer.lift(dragged.areas);
    /** @type {[number, number]} */
    const point = [at.point[0] + dragged.off[0], at.point[1] + dragged.off[1]];
    dragged.operation = operationOf(dragged.handle, this.stage.snap({ ...at, point, place: toPlace(point) }).place);
    dragged.preview = null;
    this.stage.layer.redrawAbove();
  }

  /** The network as it would be now; made once for each picture, however often the mouse tells where it is. */
  #preview() {
    const dragged = this.dragged;
    if (!dragged?.operation) return null;
    if (!dragged.preview) {
      const { network } = this.stage.draft;
      dragged.preview = network.with(changes(network, dragged.operation) ?? {});
      dragged.bad = crosses(dragged.preview, dragged.lines);
    }
    return dragged.preview;
  }

  drop() {
    this.#preview();
    const dragged = this.dragged;
    this.dragged = null;
    this.stage.layer.lifted = new Set();
    this.stage.layer.redraw();
    if (!dragged?.operation) return;
    if (dragged.bad) return this.say(t("refused.crossing"));
    void this.stage.draft.edit(dragged.operation);
  }

  cancel() {
    if (!this.dragged) return;
    this.dragged = null;
    this.stage.layer.lifted = new Set();
    this.stage.layer.redraw();
  }

  /** @param {Spot} at */
  tap(at) {
    const handle = this.#find(at);
    if (handle?.kind === "vertex") {
      this.held = handle;
      this.say(t("vertex.held"));
      return this.stage.layer.redrawAbove();
    }
    this.held = null;
    const area = this.stage.draft.network.areaAt(...at.point);
    const { chosen } = this.stage;
    if (!area) return this.stage.pick([]);
    if (!at.more) return this.stage.pick(chosen.length === 1 && chosen[0] === area ? [] : [area]);
    this.stage.pick(chosen.includes(area) ? chosen.filter((one) => one !== area) : [...chosen, area]);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const { draft } = this.stage;
    const held = this.held ?? (this.hovered?.kind === "vertex" ? this.hovered : null);
    if ((event.key !== "Delete" && event.key !== "Backspace") || held?.kind !== "vertex" || !draft.editable) return false;
    void draft.edit({ kind: "remove_vertex", line: held.line, at: held.at });
    return true;
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {import("../canvas.js").Project} project
   */
  draw(pen, project) {
    const { layer, draft } = this.stage;
    const [preview, dragged] = [this.#preview(), this.dragged];
    if (preview && dragged) {
      layer.fill(pen, preview, dragged.areas);
      const around = new Set([...dragged.areas].flatMap((area) => [...(preview.byArea.get(area) ?? [])]));
      layer.stroke(pen, preview, around);
      const moved = [...dragged.lines].map((id) => preview.course(id));
      outline(pen, moved, project, dragged.bad ? "#c62828" : "#c2185b", 3.5, false);
      return this.#handles(pen, preview, project);
    }
    this.#handles(pen, draft.network, project);
    for (const handle of [this.held, this.hovered]) if (handle) ring(pen, project(...handle.point), handle === this.held);
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {Network} network
   * @param {import("../canvas.js").Project} project
   */
  #handles(pen, network, project) {
    if (!this.stage.draft.editable) return;
    pen.fillStyle = "#ffffff";
    pen.strokeStyle = "#12242e";
    pen.lineWidth = 1.5;
    const radius = this.known?.fine ? 6 : 4;
    /** @type {Set<string>} */
    const nodes = new Set();
    pen.beginPath();
    for (const id of this.lines()) {
      const line = network.lines.get(id);
      if (!line || network.isOuter(id)) continue;
      const course = network.course(id);
      for (let i = 2; this.known?.fine && i < course.length - 2; i += 2) {
        const [x, y] = project(course[i], course[i + 1]);
        pen.rect(x - 3, y - 3, 6, 6);
      }
      for (const node of [line.start, line.end]) if (!network.isFixed(node)) nodes.add(node);
    }
    for (const id of nodes) {
      const line = network.line([.../** @type {Set<string>} */ (network.byNode.get(id))][0]);
      const course = network.course([.../** @type {Set<string>} */ (network.byNode.get(id))][0]);
      const i = line.start === id ? 0 : course.length - 2;
      const [x, y] = project(course[i], course[i + 1]);
      pen.moveTo(x + radius, y);
      pen.arc(x, y, radius, 0, 2 * Math.PI);
    }
    pen.fill();
    pen.stroke();
  }
}

/**
 * What dragging a handle to a place asks the service for.
 * @param {Handle} handle
 * @param {import("../geometry.js").Place} to
 */
export function operationOf(handle, to) {
  if (handle.kind === "node") return { kind: "move_node", node: handle.node, to };
  return { kind: handle.kind === "edge" ? "insert_vertex" : "move_vertex", line: handle.line, at: handle.at, to };
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {[number, number]} at
 * @param {boolean} held
 */
function ring(pen, [x, y], held) {
  pen.beginPath();
  pen.arc(x, y, 8, 0, 2 * Math.PI);
  pen.lineWidth = 3;
  pen.strokeStyle = held ? "#c2185b" : "#0072b2";
  pen.stroke();
}
