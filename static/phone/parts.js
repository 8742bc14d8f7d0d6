// Pieces that several screens of the phone page show.

import { h, icon } from "../shared/dom.js";
import { t } from "../shared/i18n.js";

const STEPS = ["what", "where", "details"];

/**
 * Where one is among the three steps.
 * @param {string} present
 */
export function steps(present) {
  const items = STEPS.map((name, i) =>
    h(
      "li",
      { "aria-current": name === present ? "step" : null, data: i < STEPS.indexOf(present) ? { done: "" } : {} },
      h("span", { class: "step-number", "aria-hidden": "true", text: i + 1 }),
      t(`step.${name}`),
    ),
  );
  return h("ol", { class: "steps", "aria-label": t("step.all") }, items);
}

/**
 * A link that looks like a button.
 * @param {string} address
 * @param {string} text
 * @param {{primary?: boolean, drawing?: string}} [look]
 */
export function buttonLink(address, text, look = {}) {
  const drawing = look.drawing ? icon(look.drawing) : null;
  return h("a", { class: look.primary ? "btn btn-primary" : "btn", href: address }, drawing, h("span", { text }));
}

/**
 * @param {string} text
 * @param {() => void} act
 * @param {{primary?: boolean, danger?: boolean, drawing?: string, id?: string}} [look]
 */
export function button(text, act, look = {}) {
  const kind = look.primary ? "btn btn-primary" : look.danger ? "btn btn-danger" : "btn";
  const drawing = look.drawing ? icon(look.drawing) : null;
  return h("button", { class: kind, type: "button", id: look.id, on: { click: act } }, drawing, h("span", { text }));
}

/**
 * Names and values below each other; empty values are left out.
 * @param {[string, string | Node | null | undefined][]} pairs
 */
export function facts(pairs) {
  const told = pairs.filter(([, value]) => value);
  return h("dl", { class: "facts" }, told.flatMap(([name, value]) => [h("dt", { text: name }), h("dd", {}, value)]));
}

/**
 * A notice; `tone` is warning, error, success or empty.
 * @param {string} text
 * @param {string} [tone]
 */
export function alertBox(text, tone = "") {
  const role = tone === "error" ? "alert" : "status";
  return h("p", { class: "alert", role, data: tone ? { tone } : {}, text });
}
