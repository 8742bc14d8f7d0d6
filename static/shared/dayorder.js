// The order in which a day's tasks are walked, as webapp/tasks/rules.py has it, for phones without a network.

/**
 * @typedef {object} Stop
 * @property {string} id
 * @property {number} lon
 * @property {number} lat
 * @property {string} due_from
 * @property {string} due_until
 */

/** @typedef {{lon: number, lat: number}} Point */

const EARTH_M = 6_371_008.8;
const WALK_MPS = 1.2;
const CORNERS = 1.3;
const STAY_MS = 10 * 60_000;
const DAY_MS = 86_400_000;
/** China has one time zone and no summer time. */
const SHANGHAI_MS = 8 * 3_600_000;
export const PARTS = ["overdue", "today", "tomorrow", "later", "done"];

/**
 * Metres between WGS 84 points on a sphere (haversine), rounded so that every device compares alike.
 * @param {Point} here
 * @param {Point} there
 */
export function metres(here, there) {
  const radians = (/** @type {number} */ degrees) => (degrees * Math.PI) / 180;
  const halfLon = radians(there.lon - here.lon) / 2;
  const halfLat = radians(there.lat - here.lat) / 2;
  const chord = Math.sin(halfLat) ** 2 + Math.cos(radians(here.lat)) * Math.cos(radians(there.lat)) * Math.sin(halfLon) ** 2;
  return Math.round(2 * EARTH_M * Math.asin(Math.sqrt(Math.min(chord, 1))));
}

/**
 * The nearest that may be done already, from one to the next; a farther one first when the detour would make it
 * late. Without a start the walk begins at what is due first.
 * @template {Stop} T
 * @param {T[]} stops
 * @param {Point | null} start
 * @param {number} now milliseconds since 1970
 * @returns {T[]}
 */
export function dayOrder(stops, start, now) {
  const left = [...stops].sort(byDue);
  const order = [];
  let here = start;
  let clock = now;
  while (left.length) {
    const chosen = here ? next(left, here, clock) : left[0];
    left.splice(left.indexOf(chosen), 1);
    order.push(chosen);
    const arrived = here ? clock + walk(here, chosen) : clock;
    clock = Math.max(arrived, Date.parse(chosen.due_from)) + STAY_MS;
    here = chosen;
  }
  return order;
}

/**
 * @template {Stop} T
 * @param {T[]} left in the order of what is due
 * @param {Point} here
 * @param {number} clock
 * @returns {T}
 */
function next(left, here, clock) {
  const begun = left.filter((stop) => Date.parse(stop.due_from) <= clock);
  const first = Math.min(...left.map((stop) => Date.parse(stop.due_from)));
  const able = begun.length ? begun : left.filter((stop) => Date.parse(stop.due_from) === first);
  const nearest = [...able].sort((a, b) => metres(here, a) - metres(here, b) || byDue(a, b))[0];
  const pressing = able[0];
  const byDetour = clock + walk(here, nearest) + STAY_MS + walk(nearest, pressing);
  const due = Date.parse(pressing.due_until);
  return clock + walk(here, pressing) <= due && due < byDetour ? pressing : nearest;
}

/**
 * @param {Stop} a
 * @param {Stop} b
 */
function byDue(a, b) {
  return Date.parse(a.due_until) - Date.parse(b.due_until) || (a.id < b.id ? -1 : 1);
}

/**
 * @param {Point} here
 * @param {Point} there
 */
function walk(here, there) {
  return Math.round((metres(here, there) * CORNERS) / WALK_MPS) * 1000;
}

/**
 * Where a task stands now; a kept list may be of yesterday.
 * @param {{state: string, due_from: string, due_until: string}} task
 * @param {number} now
 */
export function partOf(task, now) {
  if (!["open", "taken"].includes(task.state)) return "done";
  if (Date.parse(task.due_until) < now) return "overdue";
  const day = (/** @type {number} */ at) => Math.floor((at + SHANGHAI_MS) / DAY_MS);
  const ahead = day(Date.parse(task.due_from)) - day(now);
  return ahead <= 0 ? "today" : ahead === 1 ? "tomorrow" : "later";
}

/**
 * Tasks part by part, what is due in the order of the walk: [part, tasks] for each part that has any.
 * @template {Stop & {state: string}} T
 * @param {T[]} tasks
 * @param {Point | null} start
 * @param {number} now
 * @returns {[string, T[]][]}
 */
export function inParts(tasks, start, now) {
  return PARTS.map((part) => {
    const here = tasks.filter((task) => partOf(task, now) === part);
    if (part === "done") return /** @type {[string, T[]]} */ ([part, here]);
    const walked = part === "overdue" || part === "today";
    return /** @type {[string, T[]]} */ ([part, walked ? dayOrder(here, start, now) : [...here].sort(byBegin)]);
  }).filter(([, here]) => here.length);
}

/**
 * @param {Stop} a
 * @param {Stop} b
 */
function byBegin(a, b) {
  return Date.parse(a.due_from) - Date.parse(b.due_from) || byDue(a, b);
}
