// The form that gives a task: whom it may go to, when, where; sent once under an id that is made here.

import { byId, h, toast } from "../shared/dom.js";
import { getJson, send } from "../shared/http.js";
import { t } from "../shared/i18n.js";
import { newId } from "./ids.js";
import { sending } from "./problems.js";
import { receiver } from "./task_card.js";
import { taskPin } from "./task_pin.js";

/** @typedef {{id: string, name: string, code?: string, role?: string}} Named */

const HOURS_AHEAD = 8;

/**
 * Fill in whom a task may go to and make the form send. `caseId`: the task is about that case.
 * @param {string} caseId empty for none
 * @param {() => void} given
 * @returns {Promise<{grids: Named[]}>}
 */
export async function giveForm(caseId, given) {
  const form = /** @type {HTMLFormElement} */ (document.querySelector("form.give-task"));
  const found = await getJson("/api/v1/task-receivers");
  select("give-to").replaceChildren(
    ...[
      h("option", { value: "", text: t("tasks.choose") }),
      group("tasks.to.grid", found.grids, "to_grid"),
      group("tasks.to.team", found.teams, "to_team"),
      group("tasks.to.person", found.people, "to_person"),
    ],
  );
  document.getElementById("give-grid")?.replaceChildren(...found.grids.map(option));
  const where = document.getElementById("give-grid");
  const pin = where instanceof HTMLSelectElement && !caseId ? taskPin(where) : null;
  input("give-from").value = local(new Date());
  input("give-until").value = local(new Date(Date.now() + HOURS_AHEAD * 3_600_000));
  let id = newId();
  form.addEventListener("input", () => (id = newId()));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sending(form, async () => {
      await send("/api/v1/tasks", wanted(id, caseId, pin?.place() ?? null));
      pin?.clear();
      id = newId();
      /** @type {HTMLTextAreaElement} */ (byId("give-words")).value = "";
      toast(t("tasks.given"));
      given();
    });
  });
  return found;
}

/** @param {Named} item */
export function option(item) {
  return h("option", { value: item.id, text: item.name });
}

/**
 * @param {string} title
 * @param {Named[]} items
 * @param {string} kind
 */
function group(title, items, kind) {
  return h("optgroup", { label: t(title) }, items.map((item) => h("option", { value: `${kind} ${item.id}`, text: item.name })));
}

/**
 * @param {string} id
 * @param {string} caseId
 * @param {object | null} place the pin, instead of somewhere in the grid
 */
function wanted(id, caseId, place) {
  const grid = document.getElementById("give-grid");
  return {
    id,
    kind: select("give-kind").value,
    words: /** @type {HTMLTextAreaElement} */ (byId("give-words")).value,
    receiver: receiver(select("give-to").value),
    due_from: shanghai(input("give-from").value),
    due_until: shanghai(input("give-until").value),
    case_id: caseId || null,
    ...(place ? { place } : {}),
    grid_id: grid instanceof HTMLSelectElement && !caseId && !place ? grid.value : null,
  };
}

/** @param {string} id */
function select(id) {
  return /** @type {HTMLSelectElement} */ (byId(id));
}

/** @param {string} id */
function input(id) {
  return /** @type {HTMLInputElement} */ (byId(id));
}

/**
 * A moment as the field shows it: Chinese time, whatever the computer is set to.
 * @param {Date} at
 */
function local(at) {
  return new Date(at.getTime() + 8 * 3_600_000).toISOString().slice(0, 16);
}

/** @param {string} text */
function shanghai(text) {
  return text ? `${text}:00+08:00` : null;
}
