// The panel's check list: every fault of the draft, each with a button that shows where it is.

import { fill, h } from "../shared/dom.js";
import { explain, getJson } from "../shared/http.js";
import { t } from "../shared/i18n.js";

/** @typedef {{kind: string, severity?: string, grids?: string[], police_grid?: string, point?: [number, number] | null, message: string}} Fault */

export class ChecksTab {
  name = "check";

  /**
   * @param {import("./draft.js").Draft} draft
   * @param {{show: (areas: string[]) => void, go: (lon: number, lat: number) => void}} acts
   */
  constructor(draft, acts) {
    this.draft = draft;
    this.acts = acts;
    this.box = h("div", { class: "stack" });
    draft.addEventListener("drawn", () => (this.stale = true));
  }

  open() {
    void this.run();
    return this.box;
  }

  async run() {
    fill(this.box, h("p", { role: "status", text: t("check.running") }));
    try {
      await this.draft.queue.flush();
      const told = await getJson(`${this.draft.address}/check`);
      const faults = /** @type {Fault[]} */ (Array.isArray(told) ? told : told.faults);
      const again = h("button", { class: "btn", type: "button", text: t("check.again"), on: { click: () => void this.run() } });
      const tone = faults.length ? "warning" : "success";
      fill(
        this.box,
        h("p", { class: "alert", id: "check-result", data: { tone }, text: faults.length ? t("check.found", { count: faults.length }) : t("check.clean") }),
        faults.length > 0 && h("ol", { class: "list", id: "faults" }, faults.map((fault) => h("li", {}, h("button", { class: "item fault", type: "button", data: { kind: fault.kind }, on: { click: () => this.#show(fault) } }, fault.message)))),
        again,
      );
    } catch (error) {
      fill(this.box, h("p", { class: "alert", data: { tone: "error" }, role: "alert", text: explain(error) }));
    }
  }

  /** @param {Fault} fault */
  #show(fault) {
    const { draft } = this;
    const grids = fault.grids?.length ? fault.grids : fault.police_grid ? [...draft.grids].filter(([, grid]) => grid.police_grid === fault.police_grid).map(([id]) => id) : [];
    const known = grids.filter((id) => draft.network.byArea.has(id));
    if (known.length) this.acts.show(known);
    if (fault.point) this.acts.go(...fault.point);
  }
}
