// The panel beside the map: figures of the own field, filters, the list of open cases tied to the markers.

import { byId, fill, h, icon, unpressed } from "../shared/dom.js";
import { number, t } from "../shared/i18n.js";
import { isOpen, isOverdue, STATE_FILTERS } from "./cases.js";
import { config, hasField, map, narrow } from "./config.js";
import { lateBadge, stateBadge, voicesBadge } from "./popup.js";
import { ago, classTitle, waiting } from "./words.js";

/** @typedef {import("./config.js").Feature} Feature */
/** @typedef {import("./cases.js").Cases} Cases */
/** @typedef {import("./markers.js").Markers} Markers */

const MOST_ROWS = 100;
const EVERY_MINUTE = 60_000;

export class Panel {
  /**
   * @param {Cases} cases
   * @param {Markers} markers
   * @param {() => void} reload the state filter asks the server for something else
   */
  constructor(cases, markers, reload) {
    this.cases = cases;
    this.markers = markers;
    this.reload = reload;
    /** @type {"field" | "view"} */
    this.scope = "field";
    this.list = byId("cases");
    this.#states();
    this.#classes();
    this.#scopes();
    this.#drawer();
    this.#listen();
  }

  #listen() {
    this.cases.addEventListener("change", () => this.draw());
    map.on("moveend", () => this.draw());
    map.on("marker:over", (/** @type {any} */ event) => this.#mark(event.id, "pointed"));
    map.on("marker:out", () => this.#mark("", "pointed"));
    map.on("marker:open", (/** @type {any} */ event) => this.#mark(event.id, "current"));
    setInterval(() => this.cases.changed(), EVERY_MINUTE);
    for (const [name, on] of [["pointerover", true], ["pointerout", false], ["focusin", true], ["focusout", false]])
      this.list.addEventListener(/** @type {string} */ (name), (event) => this.#pointed(event, Boolean(on)));
    this.list.addEventListener("click", (event) => this.#chosen(event));
  }

  draw() {
    const open = this.scope === "field" ? this.cases.mine : this.#inView().filter(isOpen);
    open.sort(byUrgency);
    const rows = open.slice(0, MOST_ROWS).map((feature) => row(feature, feature.id === this.markers.openId));
    const more = open.length - rows.length;
    if (more > 0) rows.push(h("li", {}, h("a", { href: "/cases", text: t("list.more", { count: number(more) }) })));
    if (!rows.length) rows.push(h("li", { class: "empty", text: t(`list.none_${this.scope}`) }));
    unpressed(() => this.#refill(rows));
    this.#figures();
    this.#counts();
  }

  /** Put the rows in; who stood on a row with the keyboard stays on it. @param {HTMLElement[]} rows */
  #refill(rows) {
    const focused = rowOf(document.activeElement)?.dataset.id;
    fill(this.list, rows);
    if (focused) this.#row(focused)?.querySelector("button")?.focus({ preventScroll: true });
  }

  #inView() {
    const view = map.getBounds();
    return this.cases.shown.filter((f) => view.contains([f.geometry.coordinates[1], f.geometry.coordinates[0]]));
  }

  #figures() {
    const mine = this.cases.mine;
    const reported = mine.filter((feature) => feature.properties.state === "reported").length;
    const late = mine.filter(isOverdue).length;
    const figures = [
      ["figure.reported", reported, "reported"],
      ["figure.accepted", mine.length - reported, "accepted"],
      ["figure.overdue", late, late ? "overdue" : ""],
    ];
    fill(
      byId("figures"),
      figures.map(([key, value, state]) =>
        h("div", { data: { state } }, h("dt", { text: t(/** @type {string} */ (key)) }), h("dd", { text: number(Number(value)) })),
      ),
    );
    byId("drawer-text").textContent = t(late ? "drawer.late" : "drawer.open", { open: mine.length, late });
  }

  /** How many of each class the map shows now, hidden classes too. */
  #counts() {
    const view = map.getBounds();
    const fitting = [...this.cases.all.values()].filter(
      (f) => this.cases.fitsState(f) && view.contains([f.geometry.coordinates[1], f.geometry.coordinates[0]]),
    );
    for (const button of byId("classes").querySelectorAll("button")) {
      const code = button.dataset.class ?? "";
      const count = fitting.filter((feature) => feature.properties.class_code === code).length;
      button.setAttribute("aria-pressed", String(!this.cases.hidden.has(code)));
      const figure = button.querySelector(".count");
      if (figure) figure.textContent = number(count);
    }
  }

  #states() {
    const choose = (/** @type {any} */ value) => {
      this.cases.setState(value);
      this.reload();
    };
    fill(byId("states"), segments("state", STATE_FILTERS, this.cases.state, (value) => t(`filter.${value}`), choose));
  }

  #classes() {
    const buttons = config.classes.map((item) =>
      h(
        "button",
        { class: "class-button", type: "button", data: { class: item.code }, "aria-pressed": "true", title: item.title, on: { click: () => this.cases.toggleClass(item.code) } },
        icon(item.icon),
        h("span", { class: "name", text: item.title }),
        h("span", { class: "count" }),
      ),
    );
    fill(byId("classes"), buttons);
  }

  #scopes() {
    const words = (/** @type {string} */ value) => t(value === "view" ? "scope.view" : hasField ? "scope.field" : "scope.station");
    const choose = (/** @type {any} */ value) => {
      this.scope = value;
      this.draw();
    };
    fill(byId("scope"), segments("scope", ["field", "view"], this.scope, words, choose));
    if (!hasField) byId("panel-title").textContent = t("panel.station");
  }

  #drawer() {
    const button = byId("drawer");
    button.addEventListener("click", () => this.openDrawer(button.getAttribute("aria-expanded") !== "true"));
    this.openDrawer(false);
    narrow.addEventListener("change", () => this.openDrawer(false));
    byId("panel").addEventListener("keydown", (event) => {
      if (event.key === "Escape" && narrow.matches) this.openDrawer(false);
    });
  }

  /** On a phone the panel is a drawer; on a desk it always stands open. @param {boolean} open */
  openDrawer(open) {
    byId("drawer").setAttribute("aria-expanded", String(open));
    byId("panel").dataset.open = String(open);
    byId("panel-content").inert = narrow.matches && !open;
  }

  /** @param {Event} event */
  #chosen(event) {
    const id = rowOf(event.target)?.dataset.id;
    const feature = id && this.cases.all.get(id);
    if (!feature) return;
    this.openDrawer(false);
    this.cases.pin(feature);
    queueMicrotask(() => this.markers.show(feature.id));
  }

  /**
   * @param {Event} event
   * @param {boolean} on
   */
  #pointed(event, on) {
    this.markers.point(on ? (rowOf(event.target)?.dataset.id ?? "") : "");
  }

  /**
   * @param {string} id empty for none
   * @param {"pointed" | "current"} how
   */
  #mark(id, how) {
    for (const item of this.list.querySelectorAll("li")) {
      const own = Boolean(id) && item.dataset.id === id;
      if (how === "current") item.setAttribute("aria-current", String(own));
      else item.classList.toggle("pointed", own);
      if (own) item.scrollIntoView({ block: "nearest" });
    }
  }

  /** @param {string} id */
  #row(id) {
    return [...this.list.querySelectorAll("li")].find((item) => item.dataset.id === id);
  }
}

/**
 * @param {any} target
 * @returns {HTMLElement | null}
 */
function rowOf(target) {
  return target instanceof Element ? target.closest("#cases > li") : null;
}

/**
 * A choice of one among few: radio buttons that look like one bar.
 * @param {string} name
 * @param {string[]} values
 * @param {string} chosen
 * @param {(value: string) => string} words
 * @param {(value: string) => void} choose
 */
function segments(name, values, chosen, words, choose) {
  return values.map((value) =>
    h(
      "label",
      { class: "segment" },
      h("input", { type: "radio", name, value, checked: value === chosen, on: { change: () => choose(value) } }),
      h("span", { text: words(value) }),
    ),
  );
}

/**
 * What is late comes first, then what is due soonest.
 * @param {Feature} a
 * @param {Feature} b
 */
function byUrgency(a, b) {
  return (Date.parse(a.properties.due_at) || Infinity) - (Date.parse(b.properties.due_at) || Infinity) || 0;
}

/**
 * @param {Feature} feature
 * @param {boolean} current
 */
function row(feature, current) {
  const p = feature.properties;
  const code = p.class_code;
  const drawn = icon(config.classes.find((item) => item.code === code)?.icon ?? "other");
  const left = p.due_at ? h("span", { class: "muted", text: waiting(p.due_at) }) : null;
  return h(
    "li",
    { data: { id: feature.id }, "aria-current": String(current) },
    h(
      "button",
      { class: "item", type: "button" },
      h("span", { class: "class-mark", data: { class: code } }, drawn),
      h(
        "span",
        { class: "words" },
        h("span", { class: "title" }, h("span", { text: classTitle(feature) }), lateBadge(feature) ?? left),
        h("span", { class: "meta" }, h("span", { class: "number", text: p.number }), h("span", { text: p.grid })),
        h("span", { class: "meta" }, stateBadge(feature), voicesBadge(feature), h("span", { text: t("list.found", { ago: ago(p.found_at) }) })),
      ),
    ),
  );
}
