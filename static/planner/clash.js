// What is shown when two planners met on one line: who, when, theirs and one's own on the map, and three ways on.

import { h, toast } from "../shared/dom.js";
import { explain } from "../shared/http.js";
import { dateTime, t } from "../shared/i18n.js";
import { paired } from "./collisions.js";
import { changes } from "./edits.js";
import { fit } from "./ground.js";
import { outline } from "./stage.js";

/** @typedef {import("./stage.js").Stage} Stage */
/** @typedef {import("./network.js").Network} Network */
/** @typedef {import("./collisions.js").Collided} Collided */

/** How much of the map the window covers. */
const WINDOW_PX = 400;

export class Clash {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    /** @type {Float64Array[]} */
    this.theirs = [];
    /** @type {Float64Array[]} */
    this.mine = [];
    /** @type {HTMLElement | null} */
    this.window = null;
    stage.draft.addEventListener("collided", () => this.show());
    stage.addEventListener("draw", (event) => {
      const { pen, project } = /** @type {CustomEvent} */ (event).detail;
      outline(pen, this.theirs, project, "#0072b2", 5, false);
      pen.setLineDash([8, 6]);
      outline(pen, this.mine, project, "#d55e00", 4, false);
      pen.setLineDash([]);
    });
  }

  show() {
    const { draft, map } = this.stage;
    const { theirs, collided } = draft.clash;
    const found = paired(draft.queue.entries, collided);
    const lines = collided.flatMap((one) => linesOf(draft.network, one));
    let now = draft.base;
    for (const step of theirs) now = now.with({ nodes: step.nodes ?? {}, lines: step.lines ?? {} });
    this.theirs = lines.filter((id) => now.lines.has(id)).map((id) => now.course(id));
    this.mine = courses(draft.base, found.map(({ entry }) => entry.operation));
    const grids = collided.flatMap((one) => [...draft.network.areasOf(linesOf(draft.network, one)), ...(one.grid ? [one.grid] : [])]);
    fit(map, draft.network.box(grids.filter((id) => draft.network.byArea.has(id))), 17, WINDOW_PX < map.getSize().x * 0.6 ? WINDOW_PX : 0);
    this.stage.layer.redrawAbove();
    this.#open(collided);
  }

  /** @param {Collided[]} collided */
  #open(collided) {
    this.window?.remove();
    const items = collided.map((one) => h("li", {}, this.#words(one)));
    const settle = (/** @type {() => Promise<void>} */ act) => async () => {
      for (const button of buttons) button.disabled = true;
      try {
        await act();
        this.#close();
      } catch (error) {
        toast(explain(error));
        for (const button of buttons) button.disabled = false;
      }
    };
    const buttons = [
      h("button", { class: "btn", type: "button", id: "clash-theirs", text: t("clash.theirs"), on: { click: settle(() => this.#settle("theirs")) } }),
      h("button", { class: "btn", type: "button", id: "clash-mine", text: t("clash.mine"), on: { click: settle(() => this.#settle("mine")) } }),
    ];
    if (this.stage.draft.meta.can?.copy)
      buttons.push(h("button", { class: "btn", type: "button", id: "clash-copy", text: t("clash.copy"), on: { click: settle(() => this.#copy()) } }));
    this.window = h(
      "section",
      { class: "card planner-clash", role: "alertdialog", "aria-labelledby": "clash-title", tabindex: "-1" },
      h("h2", { id: "clash-title", text: t("clash.title") }),
      h("p", { text: t("clash.what") }),
      h("ul", { class: "clash-list" }, items),
      h("p", { class: "clash-legend" }, h("span", { class: "clash-key", data: { whose: "theirs" }, text: t("clash.key_theirs") }), h("span", { class: "clash-key", data: { whose: "mine" }, text: t("clash.key_mine") })),
      h("div", { class: "stack" }, buttons),
    );
    document.querySelector(".planner-ground")?.append(this.window);
    this.window.focus();
  }

  /** @param {Collided} one */
  #words(one) {
    const { draft } = this.stage;
    const who = one.by?.name ?? t("clash.somebody");
    const lines = linesOf(draft.network, one);
    const areas = lines.length ? [...draft.network.areasOf(lines)] : [one.grid ?? ""];
    const names = areas.map((id) => draft.grids.get(id)?.name ?? "").filter(Boolean);
    return t(lines.length ? "clash.line" : "clash.grid", { who, at: one.at ? dateTime(one.at) : "", names: names.join(" / ") });
  }

  /** @param {"theirs" | "mine"} choice */
  async #settle(choice) {
    const lost = await this.stage.draft.settle(choice);
    if (choice === "mine" && lost.length) toast(t("clash.lost", { count: lost.length }));
  }

  async #copy() {
    const { draft } = this.stage;
    const id = await draft.copy(t("clash.copy_name", { name: draft.meta.name }));
    location.assign(`/planner/drafts/${id}`);
  }

  #close() {
    this.window?.remove();
    this.window = null;
    this.theirs = [];
    this.mine = [];
    this.stage.layer.redrawAbove();
  }
}

/**
 * The lines that a collision is about.
 * @param {Network} network
 * @param {Collided} one
 * @returns {string[]}
 */
function linesOf(network, one) {
  if (one.line) return [one.line];
  return one.node ? [...(network.byNode.get(one.node) ?? [])] : [];
}

/**
 * The lines as one's own edits would have made them.
 * @param {Network} network
 * @param {import("./edits.js").Operation[]} operations
 */
function courses(network, operations) {
  return operations.flatMap((operation) => {
    try {
      const next = network.with(changes(network, operation) ?? {});
      const ids = operation.line ? [operation.line] : operation.node ? [...(next.byNode.get(operation.node) ?? [])] : [];
      return ids.map((id) => next.course(id));
    } catch {
      return [];
    }
  });
}
