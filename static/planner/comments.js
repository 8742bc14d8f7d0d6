// The panel's comments: read, written, shown on the map where they were meant; and the link that invites others.

import { fill, h, toast } from "../shared/dom.js";
import { explain, getJson, send } from "../shared/http.js";
import { dateTime, t } from "../shared/i18n.js";
import { ask, field } from "./dialog.js";
import { newId } from "./draft.js";

/** @typedef {{id: string, text: string, by?: any, at?: string, point?: [number, number] | null}} Comment */

export class CommentsTab {
  name = "comments";

  /**
   * @param {import("./draft.js").Draft} draft
   * @param {any} map
   * @param {{go: (lon: number, lat: number) => void}} acts
   */
  constructor(draft, map, acts) {
    this.draft = draft;
    this.acts = acts;
    this.box = h("div", { class: "stack" });
    this.marks = L.layerGroup().addTo(map);
    /** @type {Comment[]} */
    this.comments = [];
  }

  open() {
    void this.load();
    return this.box;
  }

  async load() {
    try {
      const told = await getJson(`${this.draft.address}/comments`);
      this.comments = Array.isArray(told) ? told : told.comments;
      this.#draw();
    } catch (error) {
      fill(this.box, h("p", { class: "alert", data: { tone: "error" }, role: "alert", text: explain(error) }));
    }
  }

  #draw() {
    this.marks.clearLayers();
    this.comments.forEach((comment, i) => {
      if (!comment.point) return;
      const [lon, lat] = comment.point;
      const face = h("span", { text: String(i + 1) });
      const title = t("comments.number", { number: i + 1 });
      L.marker([lat, lon], { icon: L.divIcon({ className: "comment-pin", html: face, iconSize: [28, 28] }), title, alt: title }).bindPopup(h("p", { text: comment.text })).addTo(this.marks);
    });
    const items = this.comments.map((comment, i) => {
      const point = comment.point;
      const who = h("span", { class: "meta", text: [comment.by?.name ?? comment.by, comment.at && dateTime(comment.at)].filter(Boolean).join(" · ") });
      const where = point ? h("button", { class: "link", type: "button", text: t("comments.where", { number: i + 1 }), on: { click: () => this.acts.go(...point) } }) : null;
      return h("li", {}, h("p", { class: "said-words", text: comment.text }), who, where);
    });
    const link = h("button", { class: "btn", type: "button", id: "share", text: t("comments.share"), on: { click: () => void this.share() } });
    const write = h("button", { class: "btn", type: "button", id: "write-comment", text: t("comments.write"), on: { click: () => this.write() } });
    fill(this.box, h("div", { class: "row" }, write, link), items.length ? h("ol", { class: "list", id: "comments" }, items) : h("p", { class: "empty card", text: t("comments.none") }));
  }

  /** Copy the link under which others of the station see this draft. */
  async share() {
    const link = new URL(this.draft.meta.share ?? `/planner/drafts/${this.draft.id}`, location.href).href;
    try {
      await navigator.clipboard.writeText(link);
      toast(t("comments.copied"));
    } catch {
      prompt(t("comments.link"), link);
    }
  }

  /** @param {import("./stage.js").Spot} [at] */
  write(at) {
    const text = h("textarea", { name: "text", required: true, maxlength: 1000, rows: 4 });
    ask(t("comments.write"), [field(t(at ? "comments.here" : "comments.text"), text)], t("comments.send"), async () => {
      const point = at ? [at.place[0] / 1e8, at.place[1] / 1e8] : undefined;
      await send(`${this.draft.address}/comments`, { id: newId(), text: text.value, ...(point && { point }) });
      await this.load();
    });
  }
}
