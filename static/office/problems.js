// Showing a refusal where it belongs: each sentence at its field, the rest above the button.

import { explain, HttpError } from "../shared/http.js";

/**
 * Take away what an earlier try left.
 * @param {HTMLFormElement} form
 */
export function clearProblems(form) {
  for (const note of form.querySelectorAll(".error[data-problem]")) note.remove();
  for (const control of form.querySelectorAll("[aria-invalid]")) {
    control.removeAttribute("aria-invalid");
    control.removeAttribute("aria-describedby");
  }
  const general = form.querySelector("[data-form-problem]");
  if (general instanceof HTMLElement) general.hidden = true;
}

/**
 * Show what went wrong. A control says by `data-pointer` (JSON pointers with blanks between) what it answers for;
 * the longest pointer that fits wins. What fits nowhere is said above the button.
 * @param {HTMLFormElement} form
 * @param {unknown} error
 */
export function showProblems(form, error) {
  clearProblems(form);
  /** @type {string[]} */
  const rest = [];
  /** @type {Map<HTMLElement, string[]>} */
  const marked = new Map();
  const found = error instanceof HttpError ? (error.problem.errors ?? []) : [];
  for (const item of found) {
    const [control, below] = responsible(form, item.pointer);
    if (!control) rest.push(item.detail);
    else marked.set(control, [...(marked.get(control) ?? []), below ? `${below}: ${item.detail}` : item.detail]);
  }
  for (const [control, lines] of marked) mark(control, lines.join("\n"));
  if (!found.length) rest.push(explain(error));
  if (rest.length) say(form, rest.join(" "));
  const first = form.querySelector("[aria-invalid]");
  if (first instanceof HTMLElement) first.focus();
}

/**
 * Say something about a form as a whole.
 * @param {HTMLFormElement} form
 * @param {string} text
 */
export function say(form, text) {
  const general = form.querySelector("[data-form-problem]");
  if (!(general instanceof HTMLElement)) return;
  general.textContent = text;
  general.hidden = false;
}

/**
 * The control that answers for a pointer, and what of the pointer lies below the control.
 * @param {HTMLFormElement} form
 * @param {string} pointer
 * @returns {[HTMLElement | null, string]}
 */
function responsible(form, pointer) {
  /** @type {HTMLElement | null} */
  let best = null;
  let length = 0;
  for (const control of form.querySelectorAll("[data-pointer]")) {
    if (!(control instanceof HTMLElement)) continue;
    for (const own of (control.dataset.pointer ?? "").split(" ")) {
      const fits = pointer === own || pointer.startsWith(`${own}/`);
      if (fits && own.length > length) [best, length] = [control, own.length];
    }
  }
  // A photo is known by its checksum there, which says nothing to people.
  const below = best instanceof HTMLInputElement && best.type === "file" ? "" : pointer.slice(length + 1);
  return [best, below];
}

/**
 * Mark one control with a sentence below it.
 * @param {HTMLElement} control
 * @param {string} text
 */
export function mark(control, text) {
  const note = document.createElement("p");
  note.className = "error";
  note.dataset.problem = "";
  note.id = `${control.id}-problem`;
  note.textContent = text;
  control.setAttribute("aria-invalid", "true");
  control.setAttribute("aria-describedby", note.id);
  control.after(note);
}

/**
 * Run one sending with the button held, so that a second tap sends nothing.
 * @param {HTMLFormElement} form
 * @param {() => Promise<void>} act
 */
export async function sending(form, act) {
  const button = form.querySelector('button[type="submit"]');
  if (!(button instanceof HTMLButtonElement) || button.disabled) return;
  button.disabled = true;
  button.setAttribute("aria-busy", "true");
  clearProblems(form);
  try {
    await act();
  } catch (error) {
    showProblems(form, error);
  } finally {
    button.disabled = false;
    button.removeAttribute("aria-busy");
  }
}
