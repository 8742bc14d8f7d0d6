// Clocks that run: how long is left until a moment, or how long it is past, told anew while somebody looks.

import { t } from "../shared/i18n.js";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * A span of time in words: days and hours, hours and minutes, minutes, and seconds at the very end.
 * @param {number} seconds
 */
export function span(seconds) {
  const s = Math.floor(Math.abs(seconds));
  if (s >= DAY) return t("span.days", { d: Math.floor(s / DAY), h: Math.floor((s % DAY) / HOUR) });
  if (s >= HOUR) return t("span.hours", { h: Math.floor(s / HOUR), m: Math.floor((s % HOUR) / MINUTE) });
  if (s >= 5 * MINUTE) return t("span.minutes", { m: Math.floor(s / MINUTE) });
  return t("span.seconds", { m: Math.floor(s / MINUTE), s: String(s % MINUTE).padStart(2, "0") });
}

/**
 * Write what an element's data-until says, as of now.
 * @param {HTMLElement} element
 */
export function tell(element) {
  const left = (Date.parse(element.dataset.until ?? "") - Date.now()) / 1000;
  if (Number.isNaN(left)) return;
  const text = t(left < 0 ? "clock.over" : "clock.left", { span: span(left) });
  if (element.textContent !== text) element.textContent = text;
  element.dataset.tone = left < 0 ? "over" : left < 2 * HOUR ? "soon" : "calm";
}

/** Keep all clocks of the page going. */
export function run() {
  const all = () => document.querySelectorAll("[data-until]").forEach((each) => tell(/** @type {HTMLElement} */ (each)));
  all();
  setInterval(() => document.hidden || all(), 1000);
  document.addEventListener("visibilitychange", all);
}
