// Visits: show who somebody is for a purpose that is logged, log a visit, keep the list.

import { fill, h } from "../shared/dom.js";
import { explain, send } from "../shared/http.js";
import { dateTime, load, t } from "../shared/i18n.js";
import { newId } from "./ids.js";
import { sending } from "./problems.js";

await load("leads");

/**
 * @param {string} selector
 * @param {(form: HTMLFormElement) => Promise<void>} act
 */
function listen(selector, act) {
  for (const item of document.querySelectorAll(selector)) {
    const form = /** @type {HTMLFormElement} */ (item);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      sending(form, () => act(form));
    });
  }
}

const keeping = newId();
listen("form[data-open]", show);
listen("form[data-visit]", logVisit);
listen("#keep", keep);

/** @param {HTMLFormElement} form */
async function show(form) {
  const told = await send(form.dataset.open ?? "", Object.fromEntries(new FormData(form)));
  const list = form.parentElement?.querySelector("[data-told]");
  if (!(list instanceof HTMLElement)) return;
  fill(list, ["name", "address", "phone", "guardian", "guardian_phone", "note"].flatMap((name) => fact(name, told[name])),
    told.visits.flatMap(visited));
  list.hidden = false;
  form.hidden = true;
}

/**
 * @param {string} name
 * @param {string} text
 */
function fact(name, text) {
  if (!text) return [];
  const dial = name.endsWith("phone") && h("a", { href: `tel:${text.replace(/[^+0-9]/g, "")}`, text });
  return [h("dt", { text: t(`person.${name}`) }), h("dd", { class: "said" }, dial || text)];
}

/** @param {{at: string, result: string, words: string}} visit */
function visited(visit) {
  return [h("dt", { text: dateTime(visit.at) }), h("dd", { class: "said", text: `${t(`visit.${visit.result}`)} ${visit.words}` })];
}

/** @param {HTMLFormElement} form */
async function logVisit(form) {
  form.dataset.id ||= newId();
  const said = Object.fromEntries(new FormData(form));
  await send(form.dataset.visit ?? "", { id: form.dataset.id, at: (form.dataset.at ||= new Date().toISOString()), ...said });
  location.reload();
}

/** @param {HTMLFormElement} form */
async function keep(form) {
  const said = Object.fromEntries(new FormData(form));
  const body = { ...said, minor: "minor" in said, second_id: said.second_id || null };
  await send(`/api/v1/visited/${keeping}`, body, { method: "PUT" });
  location.reload();
}

for (const item of document.querySelectorAll("button[data-end]")) {
  const button = /** @type {HTMLButtonElement} */ (item);
  button.addEventListener("click", () => {
    if (confirm(t("visits.end"))) changed(() => send(button.dataset.end ?? "", null));
  });
}

for (const item of document.querySelectorAll("input[data-interval]")) {
  const input = /** @type {HTMLInputElement} */ (item);
  const address = `/api/v1/visit-intervals/${input.dataset.interval}`;
  input.addEventListener("change", () => changed(() => send(address, { days: Number(input.value) }, { method: "PUT" })));
}

/** @param {() => Promise<unknown>} act */
async function changed(act) {
  const problem = document.getElementById("page-problem");
  try {
    await act();
    location.reload();
  } catch (error) {
    if (problem) [problem.textContent, problem.hidden] = [explain(error), false];
  }
}
