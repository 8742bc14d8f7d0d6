// The list of a day: overdue first, today in the order of the way, tomorrow, done; giving tasks; new ones come live.

import { inParts, metres } from "../shared/dayorder.js";
import { byId, fill, h } from "../shared/dom.js";
import { explain, getJson } from "../shared/http.js";
import { load, t } from "../shared/i18n.js";
import { News } from "../shared/news.js";
import { giveForm, option } from "./give_task.js";
import { taskCard } from "./task_card.js";

await load("tasks");

/** @typedef {import("./task_card.js").Task} Task */
/** @typedef {import("../shared/dayorder.js").Point} Point */

const LOOK_MS = 60_000;
const list = byId("day");
const state = byId("day-state");
const everything = /** @type {HTMLInputElement | null} */ (document.getElementById("everything"));
const give = /** @type {HTMLDetailsElement | null} */ (document.getElementById("give"));

/** @type {Task[]} */
let tasks = [];
/** @type {Point | null} */
let start = null;
/** @type {Set<string>} */
let seen = new Set();

async function look() {
  try {
    const found = await getJson(`/api/v1/tasks?mine=${everything?.checked ? "false" : "true"}`);
    tasks = found.tasks;
    draw();
  } catch (error) {
    state.textContent = explain(error);
  }
}

function draw() {
  // What somebody writes just now stays: the list is drawn anew when he is done.
  if (list.contains(document.activeElement) && document.activeElement?.matches("textarea, input")) return;
  const open = new Set([...list.querySelectorAll("details[open]")].map((each) => each.closest("li")?.id));
  const focused = document.activeElement?.closest("li")?.id;
  const parts = inParts(tasks, start, Date.now());
  fill(list, parts.length ? parts.map(([part, found]) => section(part, found)) : h("p", { class: "empty", text: t("tasks.none") }));
  for (const id of open) list.querySelector(`#${id} details`)?.setAttribute("open", "");
  const again = focused ? list.querySelector(`#${focused} summary`) : null;
  if (again instanceof HTMLElement) again.focus();
  const due = parts.filter(([part]) => part === "overdue" || part === "today").flatMap(([, found]) => found).length;
  state.textContent = t(start ? "tasks.state.here" : "tasks.state", { n: due });
  document.title = `${due ? `(${due}) ` : ""}${t("tasks.title")} · 双格`;
  seen = new Set(tasks.map((task) => task.id));
}

/**
 * @param {string} part
 * @param {Task[]} found
 */
function section(part, found) {
  const items = found.map((task) => {
    const away = start && part !== "done" ? metres(start, task) : null;
    return taskCard(task, { part, away, fresh: seen.size > 0 && !seen.has(task.id), changed: look });
  });
  return h("section", { class: "stack", data: { part } }, h("h2", { text: `${t(`tasks.part.${part}`)} (${found.length})` }), h("ol", { class: "list day-tasks" }, items));
}

function live() {
  new News((item) => void (item.subject_kind === "task" && look())).start();
  // What runs out does so without any news.
  setInterval(() => document.visibilityState === "visible" && look(), LOOK_MS);
}

/** A task that another page has led to is open and in sight. */
function named() {
  const item = location.hash.startsWith("#task-") ? document.getElementById(location.hash.slice(1)) : null;
  item?.querySelector("details")?.setAttribute("open", "");
  item?.scrollIntoView({ block: "center" });
}

async function planned() {
  const place = document.getElementById("planned");
  if (!place) return;
  const found = await getJson("/api/v1/look-backs");
  const items = found.map((/** @type {any} */ each) =>
    h("li", {}, h("a", { class: "item", href: `/cases/${each.case_number}` }, h("span", { class: "title", text: each.due_on }), h("span", { class: "meta", text: `${t("tasks.number", { n: each.number })} · ${each.case_title} · ${each.case_number}` }))),
  );
  fill(place, items.length ? items : h("li", { class: "empty", text: t("tasks.planned.none") }));
}

byId("from-here").addEventListener("click", () => {
  state.textContent = t("tasks.locating");
  navigator.geolocation?.getCurrentPosition(
    ({ coords }) => {
      start = { lon: coords.longitude, lat: coords.latitude };
      draw();
    },
    () => (state.textContent = t("tasks.nowhere")),
    { enableHighAccuracy: true, timeout: 15_000 },
  );
});
everything?.addEventListener("change", look);

document.documentElement.dataset.keys = "ready";
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || /** @type {Element} */ (event.target).matches("input, textarea, select")) return;
  const heads = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("summary")]);
  const at = heads.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  if (event.key === "j") heads[Math.min(at + 1, heads.length - 1)]?.focus();
  if (event.key === "k") heads[Math.max(at - 1, 0)]?.focus();
  if (event.key === "n" && give) {
    event.preventDefault();
    give.open = true;
    byId("give-kind").focus();
  }
});

await look();
named();
await planned();
if (give) {
  const { grids } = await giveForm("", () => void look());
  byId("way-grid").replaceChildren(...grids.map(option));
}
live();
