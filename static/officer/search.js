// The search field on the map: a case's number, a grid, a place; by keyboard or mouse; goes there.

import { byId, fill, h, icon } from "../shared/dom.js";
import { explain, getJson } from "../shared/http.js";
import { t } from "../shared/i18n.js";

/** @typedef {{kind: "case" | "police_grid" | "grid" | "place", id: string, title: string, lon: number, lat: number}} Found */

const TYPING_MS = 250;
const PICTURES = { case: "warning", police_grid: "grid", grid: "grid", place: "pin" };

export class Search {
  /** @param {(found: Found) => void} go */
  constructor(go) {
    this.go = go;
    /** @type {Found[]} */
    this.found = [];
    this.active = -1;
    this.timer = 0;
    /** @type {AbortController | null} */
    this.running = null;
    this.input = h("input", {
      type: "search",
      role: "combobox",
      id: "search-words",
      autocomplete: "off",
      spellcheck: "false",
      maxlength: 60,
      placeholder: t("search.hint"),
      "aria-label": t("search.label"),
      "aria-expanded": "false",
      "aria-controls": "search-found",
      "aria-autocomplete": "list",
    });
    this.list = h("ul", { id: "search-found", role: "listbox", "aria-label": t("search.label"), hidden: true });
    this.said = h("p", { class: "visually-hidden", role: "status" });
    fill(byId("search"), this.input, this.list, this.said);
    L.DomEvent.disableClickPropagation(byId("search"));
    L.DomEvent.disableScrollPropagation(byId("search"));
    this.#listen();
  }

  #listen() {
    this.input.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = window.setTimeout(() => void this.ask(), TYPING_MS);
    });
    this.input.addEventListener("keydown", (event) => this.#key(event));
    this.input.addEventListener("blur", () => setTimeout(() => this.#close(), 150));
    this.input.addEventListener("focus", () => this.found.length && this.#open());
    // The list keeps the focus in the field, so that the keyboard goes on there.
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const item = event.target instanceof Element ? event.target.closest("li") : null;
      if (item?.dataset.at) this.#choose(Number(item.dataset.at));
    });
    document.addEventListener("keydown", (event) => {
      const typing = event.target instanceof HTMLElement && event.target.matches("input, textarea, select");
      if (event.key !== "/" || typing) return;
      event.preventDefault();
      this.input.focus();
    });
  }

  async ask() {
    const words = this.input.value.trim();
    this.running?.abort();
    if (!words) return this.#show([]);
    this.running = new AbortController();
    const { signal } = this.running;
    try {
      const found = await getJson(`/api/v1/search?${new URLSearchParams({ q: words })}`, { signal });
      if (!signal.aborted) this.#show(found, found.length ? "" : t("search.nothing", { words }));
    } catch (error) {
      if (!signal.aborted) this.#show([], explain(error));
    }
  }

  /**
   * @param {Found[]} found
   * @param {string} [notice]
   */
  #show(found, notice = "") {
    this.found = found;
    this.active = found.length ? 0 : -1;
    const items = found.map((item, at) =>
      h(
        "li",
        { role: "option", id: `found-${at}`, data: { at } },
        icon(PICTURES[item.kind]),
        h("span", { class: item.kind === "case" ? "number" : "", text: item.title }),
        h("span", { class: "muted", text: t(`search.kind_${item.kind}`) }),
      ),
    );
    fill(this.list, items, notice ? h("li", { class: "empty", role: "presentation", text: notice }) : null);
    this.said.textContent = notice || (found.length ? t("search.count", { count: found.length }) : "");
    if (found.length || notice) this.#open();
    else this.#close();
    this.#activate(this.active);
  }

  #open() {
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
  }

  #close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
  }

  /** @param {number} at */
  #activate(at) {
    this.active = at;
    for (const item of this.list.querySelectorAll("[role=option]")) {
      const on = item.id === `found-${at}`;
      item.setAttribute("aria-selected", String(on));
      if (on) item.scrollIntoView({ block: "nearest" });
    }
    if (at >= 0) this.input.setAttribute("aria-activedescendant", `found-${at}`);
    else this.input.removeAttribute("aria-activedescendant");
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const count = this.found.length;
    if (event.key === "Escape") this.#close();
    else if (event.key === "Enter") this.#choose(this.active);
    else if (event.key === "ArrowDown" && count) this.#activate((this.active + 1) % count);
    else if (event.key === "ArrowUp" && count) this.#activate((this.active + count - 1) % count);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {number} at */
  #choose(at) {
    const chosen = this.found[at];
    if (!chosen) return;
    this.input.value = chosen.title;
    this.#close();
    this.go(chosen);
  }
}
