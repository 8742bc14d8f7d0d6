// The questions of a case that nobody has answered yet: what is filled in goes, the rest stays open.

import { byId } from "../shared/dom.js";
import { send } from "../shared/http.js";
import { load } from "../shared/i18n.js";
import { sending } from "./problems.js";

await load("office");

const form = /** @type {HTMLFormElement} */ (byId("answers"));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  sending(form, async () => {
    await send(form.dataset.url ?? "", { answers: filled() });
    location.reload();
  });
});

/** The answers as the service takes them: numbers as numbers, yes and no as true and false. */
function filled() {
  /** @type {Record<string, string | number | boolean>} */
  const answers = {};
  for (const control of form.elements) {
    const given = control instanceof HTMLInputElement || control instanceof HTMLSelectElement ? control : null;
    const kind = given?.dataset.kind;
    if (!given || !kind || !given.value.trim()) continue;
    answers[given.name.slice("q_".length)] = typed(kind, given.value.trim());
  }
  return answers;
}

/**
 * @param {string} kind
 * @param {string} value
 */
function typed(kind, value) {
  if (kind === "yesno") return value === "yes";
  return kind === "number" ? Number(value) : value;
}
