// Making and finding elements. Text only ever enters the page as text, never as markup.

/**
 * What an element is made with: `class`, `text`, `data` (data-…), `on` (listeners), properties, else attributes.
 * True sets an empty attribute; false, null and undefined leave it out.
 * @typedef {{[name: string]: any}} Made
 */

/** @typedef {Node | string | null | undefined | false} Child */

/**
 * Make an element: `h("button", { class: "btn", type: "button", on: { click } }, "Send")`.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Made} [made]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, made = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(made)) give(element, name, value);
  element.append(...nodes(children));
  return element;
}

/**
 * @param {HTMLElement} element
 * @param {string} name
 * @param {any} value
 */
function give(element, name, value) {
  if (value === false || value === null || value === undefined) return;
  if (name === "class") element.className = value;
  else if (name === "text") element.textContent = value;
  else if (name === "data") Object.assign(element.dataset, value);
  else if (name === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
  else if (name === "value" || name === "checked" || name === "disabled") Reflect.set(element, name, value);
  else element.setAttribute(name, value === true ? "" : String(value));
}

/**
 * @param {(Child | Child[])[]} children
 * @returns {(Node | string)[]}
 */
function nodes(children) {
  return /** @type {(Node | string)[]} */ (
    children.flat().filter((child) => child !== null && child !== undefined && child !== false)
  );
}

/**
 * A drawing of /static/icons in the colour of the text around it.
 * @param {string} name
 */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `/static/icons/${encodeURIComponent(name)}.svg#icon`);
  svg.append(use);
  return svg;
}

/**
 * The element with an id; raises when the page lacks it.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element #${id}`);
  return found;
}

/**
 * Put these children into an element instead of what is there.
 * @param {Element} element
 * @param {...(Child | Child[])} children
 */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
}

/** How long after the finger is off the press is still on its way to becoming a click. */
const CLICK_MS = 60;
let pressing = false;
/** @type {(() => void)[]} */
let held = [];

addEventListener("pointerdown", () => (pressing = true), { capture: true });
// A menu, or another window, may swallow the end of a press: then it is over too, or nothing would be drawn any more.
for (const name of ["pointerup", "pointercancel", "contextmenu", "blur"])
  addEventListener(name, () => setTimeout(free, CLICK_MS), { capture: true });

function free() {
  pressing = false;
  const works = held;
  held = [];
  for (const work of works) work();
}

/**
 * Replace what somebody may be pressing only when the finger is off: a click whose target has gone is lost.
 * @param {() => void} work
 */
export function unpressed(work) {
  if (pressing) held.push(work);
  else work();
}

/**
 * Show a short notice at the bottom for a while.
 * @param {string} text
 * @param {number} [ms]
 */
export function toast(text, ms = 5000) {
  document.querySelector(".toast")?.remove();
  const notice = h("div", { class: "toast", role: "status", text });
  document.body.append(notice);
  setTimeout(() => notice.remove(), ms);
}
