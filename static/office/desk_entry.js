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
  const name = entry.number || entry.class_title;
  const pin = h("button", { class: "btn desk-show", type: "button", "aria-label": t("desk.show", { number: name }), on: { click: () => show(entry.id) } }, icon("pin"));
  return h("li", { data: { id: entry.id, room: entry.room, ...(fresh ? { fresh: "" } : {}) } }, link(entry), entry.lat === null ? null : pin);
}

/** @param {Entry} entry */
function link(entry) {
  const kind = { class: entry.class_code || "other" };
  const meta = [entry.grid, ...people(entry), dateTime(entry.found_at)];
  return h(
    "a",
    { class: "desk-entry", href: entry.url },
    h("span", { class: "row" }, h("span", { class: "badge", data: kind, text: entry.class_title }), clock(entry)),
    h("span", { class: "title", text: title(entry) }),
    h("span", { class: "meta" }, meta.map((words) => (words ? h("span", { text: words }) : null))),
    h("span", { class: "row" }, entry.number ? h("span", { class: "number", text: entry.number }) : null, marks(entry)),
  );
}

/** What somebody said of a call or a task; where a case is. @param {Entry} entry */
function title(entry) {
  const said = ["calls", "tasks"].includes(entry.room) ? [entry.note, entry.address] : [entry.address, entry.note];
  return said.find(Boolean) || entry.grid;
}

/** Who has it, and what the other room says beside. @param {Entry} entry */
function people(entry) {
  if (entry.room === "calls") return [entry.holder && t("desk.caller", { name: entry.holder })];
  if (entry.room === "tasks") return [entry.holder && t("desk.for", { name: entry.holder }), entry.other && t("desk.given_by", { name: entry.other })];
  if (entry.room === "offers") return [entry.other && t("desk.same_as", { number: entry.other })];
  return [entry.holder, entry.other];
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
