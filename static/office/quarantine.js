// The quarantine: mend a kept report and hand it in, or put it aside with the reason.

import { h } from "../shared/dom.js";
import { send } from "../shared/http.js";
import { load, t } from "../shared/i18n.js";
import { newId } from "./ids.js";
import { clearProblems, mark, sending } from "./problems.js";

await load("office");

for (const form of forms("form[data-repair]")) {
  form.querySelector("[data-swap]")?.addEventListener("click", () => swap(form));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const answers = readAnswers(form);
    if (answers) sending(form, () => repair(form, answers));
  });
}

for (const form of forms("form[data-attach]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sending(form, () => attach(form));
  });
}

for (const form of forms("form[data-discard]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sending(form, () => discard(form));
  });
}

/** @param {string} selector */
function forms(selector) {
  return /** @type {HTMLFormElement[]} */ (Array.from(document.querySelectorAll(selector)));
}

/**
 * @param {HTMLFormElement} form
 * @param {string} name
 */
function field(form, name) {
  return /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
}

/** @param {HTMLFormElement} form */
function swap(form) {
  const [lon, lat] = [field(form, "lon"), field(form, "lat")];
  [lon.value, lat.value] = [lat.value, lon.value];
}

/**
 * The answers as an object; null when the text is no JSON object, which is said at the field.
 * @param {HTMLFormElement} form
 */
function readAnswers(form) {
  const control = field(form, "answers");
  try {
    const answers = JSON.parse(control.value.trim() || "{}");
    if (answers && typeof answers === "object" && !Array.isArray(answers)) return answers;
  } catch {
    // Said below, like anything else that is no object.
  }
  clearProblems(form);
  mark(control, t("quarantine.answers_json"));
  control.focus();
  return null;
}

/**
 * A number as typed; text that is no number goes out as it is, so that the service says what is wrong.
 * @param {string} text
 */
function number(text) {
  const typed = text.trim();
  return typed === "" || Number.isNaN(Number(typed)) ? typed : Number(typed);
}

/**
 * @param {HTMLFormElement} form
 * @param {Record<string, unknown>} answers
 */
async function repair(form, answers) {
  const found = field(form, "found_at").value;
  const body = {
    id: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(form.dataset.id ?? "") ? form.dataset.id : newId(),
    class_code: field(form, "class_code").value,
    answers,
    place: { lon: number(field(form, "lon").value), lat: number(field(form, "lat").value), crs: field(form, "crs").value },
    found_at: found && `${found}${found.length === 16 ? ":00" : ""}+08:00`,
    note: field(form, "note").value,
  };
  const made = await send(form.dataset.repair ?? "", body);
  const link = h("a", { href: `/cases/${encodeURIComponent(made.case_number)}`, text: made.case_number });
  settle(form, t("quarantine.repaired", { grid: made.grid, police_grid: made.police_grid }), link);
}

/** @param {HTMLFormElement} form */
async function attach(form) {
  await send(form.dataset.attach ?? "", {});
  const number = form.dataset.number ?? "";
  settle(form, t("quarantine.attached"), h("a", { href: `/cases/${encodeURIComponent(number)}`, text: number }));
}

/** @param {HTMLFormElement} form */
async function discard(form) {
  await send(form.dataset.discard ?? "", { note: field(form, "note").value });
  settle(form, t("quarantine.discarded"));
}

/**
 * Put what became of an entry in its place.
 * @param {HTMLFormElement} form
 * @param {string} text
 * @param {HTMLElement} [link]
 */
function settle(form, text, link) {
  const entry = form.closest("article");
  const notice = h("p", { class: "alert", role: "status", tabindex: "-1", data: { tone: "success" } }, text, " ", link);
  entry?.replaceWith(notice);
  notice.focus();
}
