// One entry of a list of the desk.

import { h, icon } from "../shared/dom.js";
import { dateTime, t } from "../shared/i18n.js";

/** @typedef {import("./desk.js").Entry} Entry */

/**
 * @param {Entry} entry
 * @param {boolean} fresh it came while the page was open
 * @param {(id: string) => void} show called for the pin
 */
export function entryItem(entry, fresh, show) {
  const pin = h("button", { class: "btn desk-show", type: "button", "aria-label": t("desk.show", { number: entry.number }), on: { click: () => show(entry.id) } }, icon("pin"));
  return h("li", { data: { id: entry.id, ...(fresh ? { fresh: "" } : {}) } }, link(entry), pin);
}

/** @param {Entry} entry */
function link(entry) {
  return h(
    "a",
    { class: "desk-entry", href: entry.url },
    h("span", { class: "row" }, h("span", { class: "badge", data: { class: entry.class_code }, text: entry.class_title }), clock(entry)),
    h("span", { class: "title", text: entry.address || entry.note || entry.grid }),
    h("span", { class: "meta" }, [entry.grid, entry.holder, dateTime(entry.found_at)].map((words) => (words ? h("span", { text: words }) : null))),
    h("span", { class: "row" }, h("span", { class: "number", text: entry.number }), marks(entry)),
  );
}

/** The clock that the list goes by: running, or standing still. @param {Entry} entry */
function clock(entry) {
  if (entry.paused) return h("span", { class: "desk-clock push", data: { tone: "calm" }, text: t("clock.paused") });
  return entry.clock && h("time", { class: "desk-clock push", datetime: entry.clock, data: { until: entry.clock } });
}

/** @param {Entry} entry */
function marks(entry) {
  /** @type {[unknown, string, string][]} */
  const told = [
    [true, entry.state, entry.state_title],
    [entry.priority, "escalated", t(`priority.${entry.priority}`)],
    [entry.level, "escalated", t("desk.level", { level: entry.level })],
    [entry.pending_title, "queued", entry.pending_title ?? ""],
    [entry.voices, "queued", t("desk.voices", { count: entry.voices })],
    [entry.reopened, "reopened", t("desk.reopened", { count: entry.reopened })],
    [entry.restricted, "hung_up", t("desk.restricted")],
  ];
  return told.filter(([holds]) => holds).map(([, state, text]) => h("span", { class: "badge", data: { state }, text }));
}
