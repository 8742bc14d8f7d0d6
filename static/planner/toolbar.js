// The row of tools, their letters, and what stands beside them for the one that is chosen.

import { byId, fill, h } from "../shared/dom.js";
import { t } from "../shared/i18n.js";

/** @typedef {import("./stage.js").Stage} Stage */
/** @typedef {import("./stage.js").Tool} Tool */

/** The letter of each tool. */
const LETTERS = { shape: "V", split: "S", merge: "M", redraw: "R", loop: "L", brush: "B", paint: "P", lock: "K", comment: "C" };

/**
 * @param {Stage} stage
 * @param {Tool[]} tools
 */
export function makeToolbar(stage, tools) {
  const bar = byId("tools");
  const buttons = tools.map((tool) => {
    const letter = LETTERS[/** @type {keyof typeof LETTERS} */ (tool.name)];
    const made = { class: "btn tool", type: "button", "data-tool": tool.name, title: `${t(`tool.${tool.name}_long`)} (${letter})`, "aria-keyshortcuts": letter };
    return h("button", { ...made, on: { click: () => stage.choose(tool) } }, h("span", { text: t(`tool.${tool.name}`) }), h("kbd", { "aria-hidden": "true", text: letter }));
  });
  fill(bar, buttons);
  bar.addEventListener("keydown", (event) => walk(event, buttons));
  const show = () => {
    for (const button of buttons) {
      const on = button.dataset.tool === stage.tool.name;
      button.setAttribute("aria-pressed", String(on));
      button.tabIndex = on ? 0 : -1;
    }
    options(stage);
  };
  stage.addEventListener("tool", show);
  stage.addEventListener("chosen", () => options(stage));
  stage.draft.addEventListener("drawn", () => options(stage));
  document.addEventListener("keydown", (event) => {
    const tool = tools.find((one) => LETTERS[/** @type {keyof typeof LETTERS} */ (one.name)] === event.key.toUpperCase());
    if (!tool || isWriting(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    stage.choose(tool);
  });
}

/** @param {Stage} stage */
function options(stage) {
  const box = byId("options");
  // A list that is open, or has the keyboard, is left alone.
  if (box.contains(document.activeElement) && document.activeElement instanceof HTMLSelectElement && box.dataset.tool === stage.tool.name) return;
  box.dataset.tool = stage.tool.name;
  fill(box, stage.tool.options?.() ?? [h("span", { class: "muted", text: t(`tool.${stage.tool.name}_long`) })]);
}

/**
 * Arrow keys walk along the row.
 * @param {KeyboardEvent} event
 * @param {HTMLButtonElement[]} buttons
 */
function walk(event, buttons) {
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  const at = buttons.findIndex((button) => button === document.activeElement);
  if (!step || at < 0) return;
  event.preventDefault();
  buttons[(at + step + buttons.length) % buttons.length].focus();
}

/**
 * Whether a key is meant for a field.
 * @param {KeyboardEvent} event
 */
export function isWriting(event) {
  const at = event.target;
  if (document.querySelector("dialog[open]")) return true;
  return at instanceof HTMLElement && (at.matches("textarea, select") || (at instanceof HTMLInputElement && !["checkbox", "radio", "button"].includes(at.type)));
}
