// My tasks: what is due, in the order of the way from here; works without a network on the list of last time.

import { inParts, metres } from "../shared/dayorder.js";
import { fill, h } from "../shared/dom.js";
import { dateTime, t } from "../shared/i18n.js";
import { buttonLink } from "./parts.js";
import { watchPosition } from "./position.js";
import { count, hearTasks, resultsWaiting, tasksOf } from "./taskwatch.js";

/** @typedef {import("./taskwatch.js").Task} Task */
/** @typedef {import("../shared/dayorder.js").Point} Point */

/** Where the phone was when it last knew, for all screens of tasks. @type {import("./position.js").Fix | null} */
let here = null;

/** @type {import("./context.js").Screen} */
export async function tasksScreen(root, context) {
  const lists = h("div", { class: "stack", id: "tasks" });
  const from = h("p", { class: "muted", role: "status" });
  fill(root, h("h1", { tabindex: "-1", text: t("tasks.title") }), from, lists, h("div", { class: "action-bar" }, buttonLink("#/mine", t("mine.title")), buttonLink("#/what", t("report.new"), { primary: true })));
  let tasks = await tasksOf(context.person);
  const draw = async () => {
    from.textContent = t(here ? "tasks.from.here" : "tasks.from.clock");
    const waiting = await resultsWaiting(context.person);
    const parts = inParts(tasks, here, Date.now());
    fill(lists, parts.length ? parts.map(([part, found]) => section(part, found, waiting)) : h("p", { class: "empty", text: t("tasks.none") }));
  };
  await draw();
  const stop = watchPosition((fix) => {
    here = fix;
    void draw();
  }, () => undefined);
  const deaf = hearTasks(async () => {
    tasks = await tasksOf(context.person);
    await draw();
    await count(context.person);
  });
  void count(context.person);
  return () => {
    stop();
    deaf();
  };
}

/** Where the phone was when the list was ordered. */
export function lastPlace() {
  return here;
}

/**
 * @param {string} part
 * @param {Task[]} tasks
 * @param {Map<string, import("./records.js").Addition>} waiting
 */
function section(part, tasks, waiting) {
  const list = h("ol", { class: "list mine tasks", data: { part } }, tasks.map((task) => item(task, waiting.get(task.id), part)));
  return h("section", { class: "stack" }, h("h2", { text: t(`tasks.part.${part}`) }), list);
}

/**
 * @param {Task} task
 * @param {import("./records.js").Addition | undefined} mine
 * @param {string} part
 */
function item(task, mine, part) {
  const away = here ? t("tasks.away", { m: distance(metres(here, task)) }) : "";
  const until = part === "done" ? "" : t("tasks.until", { at: dateTime(task.due_until) });
  const text = h(
    "span",
    { class: "mine-text" },
    h("span", { class: "title", text: task.words }),
    h("span", { class: "muted", text: [task.kind_title, task.address || task.grid, away].filter(Boolean).join(" · ") }),
    until ? h("span", { class: part === "overdue" ? "error" : "muted", text: until }) : null,
    badge(task, mine, part),
  );
  return h("li", {}, h("a", { class: "mine-item", href: `#/task/${task.id}` }, text));
}

/**
 * @param {Task} task
 * @param {import("./records.js").Addition | undefined} mine
 * @param {string} [part]
 */
export function badge(task, mine, part = "") {
  if (mine) return h("span", { class: "badge", data: { state: mine.halted ? "quarantined" : "queued" }, text: t(mine.halted ? "task.refused" : "task.waits") });
  if (part === "overdue") return h("span", { class: "badge", data: { state: "overdue" }, text: t("tasks.part.overdue") });
  return h("span", { class: "badge", data: { state: BADGES[task.state] ?? "reported" }, text: task.state_title });
}

/** @type {Record<string, string>} */
const BADGES = { open: "reported", taken: "handling", done: "closed", failed: "rejected", cancelled: "withdrawn" };

/**
 * Metres as people say them.
 * @param {number} m
 */
export function distance(m) {
  return m < 950 ? t("tasks.metres", { n: Math.max(10, Math.round(m / 10) * 10) }) : t("tasks.km", { n: (m / 1000).toFixed(1) });
}
