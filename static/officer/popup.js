// The card of a case on the map. Everything that people wrote enters as text.

import { h, icon } from "../shared/dom.js";
import { dateTime, number, t } from "../shared/i18n.js";
import { isOverdue } from "./cases.js";
import { hazardClass } from "./config.js";
import { classTitle, waiting } from "./words.js";

/** @typedef {import("./config.js").Feature} Feature */

const FLAGS = ["near_border", "outside_grids", "vague"];

/**
 * @param {Feature} feature
 * @returns {HTMLElement}
 */
export function caseCard(feature) {
  const p = feature.properties;
  const address = `/cases/${encodeURIComponent(p.number)}`;
  return h(
    "article",
    { class: "map-popup case-card", data: { case: feature.id } },
    h("h3", {}, h("a", { href: address, class: "number", text: p.number })),
    h("p", { class: "row" }, classBadge(feature), stateBadge(feature), lateBadge(feature), voicesBadge(feature)),
    p.photo_id ? photo(p) : null,
    p.note ? h("p", { class: "note", text: p.note }) : null,
    facts(p, isOverdue(feature) ? "late" : ""),
    FLAGS.includes(p.flag) ? h("p", { class: "alert flag", data: { tone: "warning" }, text: t(`flag.${p.flag}`) }) : null,
    h("p", {}, h("a", { class: "btn btn-primary", href: address, text: t("popup.open") })),
  );
}

/** @param {Feature} feature */
export function classBadge(feature) {
  const code = feature.properties.class_code;
  const drawn = icon(hazardClass(code)?.icon ?? "other");
  return h("span", { class: "class-name", data: { class: code } }, drawn, h("span", { text: classTitle(feature) }));
}

/** @param {Feature} feature */
export function stateBadge(feature) {
  const state = feature.properties.state;
  return h("span", { class: "badge", data: { state }, text: t(`state.${state}`) });
}

/** From so many voices on a case is one to take first. */
const PRESSING = 2;

/** How many others see the same thing; nothing when nobody has said so. @param {Feature} feature */
export function voicesBadge(feature) {
  const n = feature.properties.voices;
  return n ? h("span", { class: "badge", data: { state: n >= PRESSING ? "escalated" : "queued" }, text: t("case.voices", { n }) }) : null;
}

/** How late a case is; nothing when it is in time. @param {Feature} feature */
export function lateBadge(feature) {
  if (!isOverdue(feature)) return null;
  return h("span", { class: "badge", data: { state: "overdue" }, text: waiting(feature.properties.due_at) });
}

/** @param {Record<string, any>} p */
function photo(p) {
  const source = `/api/v1/attachments/${encodeURIComponent(p.photo_id)}`;
  return h(
    "a",
    { href: source, target: "_blank", rel: "noopener", class: "photo", title: t("popup.photo_full") },
    h("img", { src: `${source}?size=thumbnail`, alt: t("popup.photo", { number: p.number }), width: 320, height: 180 }),
  );
}

/**
 * @param {Record<string, any>} p
 * @param {string} tone
 */
function facts(p, tone) {
  const rows = [
    [t("popup.grid"), h("dd", { text: p.grid })],
    [t("popup.police_grid"), h("dd", { text: p.police_grid })],
    [t("popup.found_at"), h("dd", {}, h("time", { datetime: p.found_at, text: dateTime(p.found_at) }))],
  ];
  if (p.state === "closed" && p.closed_at) rows.push([t("popup.closed_at"), h("dd", { text: dateTime(p.closed_at) })]);
  else if (p.due_at) rows.push([t("popup.due_at"), h("dd", { class: tone, text: dateTime(p.due_at) })]);
  if (p.accuracy_m) rows.push([t("popup.accuracy"), h("dd", { text: t("popup.metres", { value: number(p.accuracy_m) }) })]);
  return h("dl", { class: "facts" }, rows.flatMap(([name, value]) => [h("dt", { text: /** @type {string} */ (name) }), value]));
}
