// News that must be seen: a notice with a way to the case, and a count in the window's title.

import { h } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { classTitle } from "./words.js";

const SHOWN_MS = 12_000;

export class Notices {
  /** @param {(id: string) => void} show */
  constructor(show) {
    this.show = show;
    this.title = document.title;
    this.unseen = 0;
    this.place = h("div", { class: "notices", role: "status", "aria-live": "polite" });
    document.body.append(this.place);
    document.addEventListener("pointerdown", () => this.seen());
    document.addEventListener("keydown", () => this.seen());
  }

  /** @param {import("./config.js").Feature} feature */
  tell(feature) {
    const { number, grid } = feature.properties;
    const open = h("button", { class: "btn", type: "button", text: t("notice.show") });
    const close = h("button", { class: "close", type: "button", "aria-label": t("notice.close"), text: "×" });
    const words = h("span", {}, h("strong", { text: t("notice.new", { class: classTitle(feature) }) }), h("span", { text: `${grid} · ${number}` }));
    const notice = h("div", { class: "notice", data: { class: feature.properties.class_code } }, words, open, close);
    open.addEventListener("click", () => {
      notice.remove();
      this.show(feature.id);
    });
    close.addEventListener("click", () => notice.remove());
    this.place.append(notice);
    while (this.place.childElementCount > 3) this.place.firstElementChild?.remove();
    setTimeout(() => notice.remove(), SHOWN_MS);
    this.unseen += 1;
    document.title = `(${this.unseen}) ${this.title}`;
  }

  /** Somebody is at the window again. */
  seen() {
    this.unseen = 0;
    document.title = this.title;
  }
}
