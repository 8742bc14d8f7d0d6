// Words for times, classes and areas.

import { language, number, t } from "../shared/i18n.js";
import { hazardClass } from "./config.js";

/** @typedef {import("./config.js").Feature} Feature */

/** @param {Feature} feature */
export function classTitle(feature) {
  const { class_code: code, class_title: title } = feature.properties;
  return hazardClass(code)?.title ?? title?.[language()] ?? title?.zh ?? code;
}

const STEPS = /** @type {[Intl.RelativeTimeFormatUnit, number][]} */ ([
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
]);

/**
 * How far a moment is from now: "3 hours ago".
 * @param {string} time
 */
export function ago(time) {
  const seconds = (Date.parse(time) - Date.now()) / 1000;
  const [unit, size] = STEPS.find(([, length]) => Math.abs(seconds) >= length) ?? ["minute", 60];
  const format = new Intl.RelativeTimeFormat(language() === "zh" ? "zh-CN" : "en-GB", { numeric: "auto" });
  return Math.abs(seconds) < 60 ? t("time.now") : format.format(Math.trunc(seconds / size), unit);
}

/**
 * What is left until a deadline, or how long it is past.
 * @param {string} due
 */
export function waiting(due) {
  const seconds = (Date.parse(due) - Date.now()) / 1000;
  return t(seconds < 0 ? "time.late" : "time.left", { span: span(Math.abs(seconds)) });
}

/** @param {number} seconds */
export function span(seconds) {
  const [unit, size] = STEPS.find(([, length]) => seconds >= length) ?? ["minute", 60];
  const amount = Math.max(1, Math.floor(seconds / size));
  return t(amount === 1 ? `span.one_${unit}` : `span.${unit}`, { value: number(amount) });
}
