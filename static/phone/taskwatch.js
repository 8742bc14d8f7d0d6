// My tasks as the station has them: a copy on the phone, how many are due, and news of them.

import { language } from "../shared/i18n.js";
import { News } from "../shared/news.js";
import { readAll } from "./database.js";
import { announce, fact, setFact } from "./sender.js";
import * as store from "./store.js";

/**
 * A task as GET /api/v1/tasks tells it.
 * @typedef {object} Task
 * @property {string} id
 * @property {string} kind
 * @property {string} kind_title
 * @property {string} words
 * @property {number} lon
 * @property {number} lat
 * @property {string} address
 * @property {string} grid
 * @property {{id: string, number: string, title: string} | null} case
 * @property {string | null} given_by
 * @property {string | null} taken_by
 * @property {string} due_from
 * @property {string} due_until
 * @property {string} state
 * @property {string} state_title
 * @property {string} part of the day: overdue, today, tomorrow, later, done
 * @property {string[]} verbs
 * @property {{by: string | null, at: string, note: string, flags: {code: string, title: string}[], photos: string[]} | null} result
 */

const ADDRESS = "/api/v1/tasks";
const LOOK_MS = 120_000;

/**
 * The tasks of a person: fresh, or as they were kept. What was done here and waits counts as done.
 * @param {string} person
 * @returns {Promise<Task[]>}
 */
export async function tasksOf(person) {
  const { tasks } = await store.freshOrKept(ADDRESS, `${person} ${language()}`);
  const waiting = await resultsWaiting(person);
  return tasks.map((/** @type {Task} */ task) => {
    const mine = waiting.get(task.id);
    return mine && !mine.halted ? { ...task, state: mine.task?.outcome ?? task.state, part: "done", verbs: [] } : task;
  });
}

/**
 * The results that wait on this phone, by task.
 * @param {string} person
 */
export async function resultsWaiting(person) {
  const found = (await readAll("additions")).filter((item) => item.person === person && item.task);
  return new Map(found.map((/** @type {import("./records.js").Addition} */ item) => [item.task?.id ?? "", item]));
}

/**
 * Count what is due, now, on return to the page and every two minutes while it is shown.
 * @param {string} person
 */
export function watchTasks(person) {
  const look = () => void (document.visibilityState === "visible" && count(person));
  look();
  document.addEventListener("visibilitychange", look);
  addEventListener("online", look);
  setInterval(look, LOOK_MS);
}

/**
 * Note how many tasks are due; the notices are drawn anew when that has changed.
 * @param {string} person
 */
export async function count(person) {
  const tasks = await tasksOf(person).catch(() => null);
  if (!tasks) return;
  // Their screens are loaded while there is a network, but only for those who have something to do.
  if (tasks.length) Promise.all([import("./tasks.js"), import("./task.js")]).catch(() => undefined);
  const many = (/** @type {string} */ part) => tasks.filter((task) => task.part === part).length;
  const due = { today: many("today"), overdue: many("overdue") };
  const before = await fact(`tasks ${person}`);
  if (before?.today === due.today && before?.overdue === due.overdue) return;
  await setFact(`tasks ${person}`, due);
  announce();
}

/**
 * Hear of new tasks at once while a list is shown. Returns what ends it.
 * @param {() => void} changed
 */
export function hearTasks(changed) {
  const news = new News((item) => void (item.subject_kind === "task" && changed()));
  news.start();
  return () => news.stop();
}
