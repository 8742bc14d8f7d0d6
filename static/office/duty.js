// The roster of the duty desk: add, change and end shifts, note who is away, take a week from a file.

import { byId, fill, h } from "../shared/dom.js";
import { explain, send } from "../shared/http.js";
import { load, t } from "../shared/i18n.js";
import { newId } from "./ids.js";
import { say, sending } from "./problems.js";

await load("duty");

const API = "/api/v1/duty";
// One id for each opening of a form: pressing again after a lost answer changes nothing twice.
const made = { shift: newId(), absence: newId() };

for (const each of document.querySelectorAll("form[data-shift]")) {
  const form = /** @type {HTMLFormElement} */ (each);
  if (!form.dataset.shift) usual(form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sending(form, () => keepShift(form));
  });
}
for (const each of document.querySelectorAll("button[data-end]")) {
  const button = /** @type {HTMLButtonElement} */ (each);
  button.addEventListener("click", () => void end(button));
}
const absence = /** @type {HTMLFormElement} */ (byId("absence"));
absence.addEventListener("submit", (event) => {
  event.preventDefault();
  sending(absence, async () => {
    const { person_id, deputy_id, since_at, until_at } = said(absence);
    await send(`${API}/absences`, { id: made.absence, person_id, deputy_id: deputy_id || null, since_at: shanghai(since_at), until_at: shanghai(until_at) });
    location.reload();
  });
});
const file = /** @type {HTMLFormElement} */ (byId("import"));
file.addEventListener("submit", (event) => {
  event.preventDefault();
  sending(file, () => look(file, false));
});
byId("take").addEventListener("click", () => sending(file, () => look(file, true)));
document.documentElement.dataset.ready = "duty";

/**
 * @param {HTMLFormElement} form
 * @returns {Record<string, string>}
 */
function said(form) {
  return Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]));
}

/**
 * A moment as the field shows it: Chinese time, whatever the computer is set to. Nothing stays nothing.
 * @param {string} text
 */
function shanghai(text) {
  return text ? `${text}:00+08:00` : null;
}

/** @param {HTMLFormElement} form */
async function keepShift(form) {
  const { person_id, kind, since_at, until_at } = said(form);
  const wanted = { person_id, kind, since_at: shanghai(since_at), until_at: shanghai(until_at) };
  if (form.dataset.shift) await send(`${API}/shifts/${form.dataset.shift}`, wanted, { method: "PUT" });
  else await send(`${API}/shifts`, { id: made.shift, ...wanted });
  location.reload();
}

/**
 * A new shift begins with the usual hours of its kind, today; both follow the kind until somebody types.
 * @param {HTMLFormElement} form
 */
function usual(form) {
  const [kind, since, until] = ["kind", "since_at", "until_at"].map((name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name)));
  if (!kind || !since || !until) return;
  const propose = () => {
    const chosen = /** @type {HTMLOptionElement} */ (/** @type {HTMLSelectElement} */ (/** @type {unknown} */ (kind)).selectedOptions[0]);
    const day = since.value.slice(0, 10) || new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
    const [from, to] = [chosen.dataset.from ?? "", chosen.dataset.to ?? ""];
    since.value = `${day}T${from}`;
    until.value = `${to > from ? day : nextDay(day)}T${to}`;
  };
  kind.addEventListener("change", propose);
  since.addEventListener("change", () => {
    if (until.value <= since.value) propose();
  });
  propose();
}

/** @param {string} day */
function nextDay(day) {
  return new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
}

/** @param {HTMLButtonElement} button */
async function end(button) {
  if (!confirm(t("duty.end"))) return;
  const problem = byId("end-problem");
  problem.hidden = true;
  try {
    await send(button.dataset.end ?? "", null);
    location.reload();
  } catch (error) {
    problem.textContent = explain(error);
    problem.hidden = false;
  }
}

/**
 * @param {HTMLFormElement} from
 * @param {boolean} take
 */
async function look(from, take) {
  const chosen = /** @type {HTMLInputElement} */ (byId("file")).files?.[0];
  if (!chosen) return say(from, t("duty.no_file"));
  const body = new FormData();
  body.set("file", chosen, chosen.name);
  body.set("take", String(take));
  const found = await send(`${API}/import`, body, { timeout: 120_000 });
  byId("import-state").textContent = take
    ? t("duty.taken", { added: found.added, known: found.known })
    : t("duty.good", { good: found.good, faults: found.faults.length });
  byId("take").hidden = take || !found.good;
  fill(byId("import-faults"), found.faults.map((/** @type {any} */ item) => h("li", { text: `${place(item.pointer)}: ${item.detail}` })));
}

/** @param {string} pointer such as "row 7/name" */
function place(pointer) {
  const [, row] = /^row (\d+)/.exec(pointer) ?? [];
  return t("duty.row", { row: row ?? "?" });
}
