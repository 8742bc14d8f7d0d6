// The tool that makes one grid of two neighbours: the first one pressed keeps its identity.

import { h } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";

/** @typedef {import("../stage.js").Stage} Stage */
/** @typedef {import("../stage.js").Tool} Tool */
/** @typedef {import("../stage.js").Spot} Spot */

/** @implements {Tool} */
export class MergeTool {
  name = "merge";

  /**
   * @param {Stage} stage
   * @param {(text: string) => void} say
   */
  constructor(stage, say) {
    this.stage = stage;
    this.say = say;
  }

  press() {
    return false;
  }

  /** @param {Spot} at */
  tap(at) {
    const area = this.stage.draft.network.areaAt(...at.point);
    if (!area) return this.stage.pick([]);
    const { chosen } = this.stage;
    if (chosen.includes(area)) return this.stage.pick(chosen.filter((one) => one !== area));
    this.stage.pick([...chosen.slice(0, 1), area]);
  }

  /** Merge the two chosen grids. */
  merge() {
    const [keep, gone] = this.stage.chosen;
    const { draft } = this.stage;
    if (!keep || !gone) return this.say(t("merge.choose"));
    if (!draft.network.neighbours(keep).has(gone)) return this.say(t("refused.not_neighbours"));
    this.stage.pick([keep]);
    void draft.edit({ kind: "merge", areas: [keep, gone] });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.key !== "Enter") return false;
    this.merge();
    return true;
  }

  options() {
    const name = (/** @type {string | undefined} */ id) => (id ? this.stage.draft.grids.get(id)?.name ?? "" : "…");
    const [keep, gone] = this.stage.chosen;
    const button = h("button", { class: "btn btn-primary", type: "button", id: "merge-now", disabled: !gone, text: t("merge.now"), on: { click: () => this.merge() } });
    return [h("span", { class: "muted", text: t("merge.how", { keep: name(keep), gone: name(gone) }) }), button];
  }
}
