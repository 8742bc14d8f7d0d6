// The desk: lists of what waits beside the map of the own ground, kept fresh by live news, used by keyboard or thumb.

import { byId, fill, unpressed } from "../shared/dom.js";
import { explain, getJson } from "../shared/http.js";
import { load, t } from "../shared/i18n.js";
import { Live } from "../officer/live.js";
import { Chime } from "./chime.js";
import { run, tell } from "./countdown.js";
import { entryItem } from "./desk_entry.js";
import { watchKeys } from "./desk_keys.js";
import { DeskMap } from "./desk_map.js";

/** @typedef {{name: string, title: string, hint: string, count: number, more: boolean, calls: boolean, alarm: boolean}} Counted */
/**
 * @typedef {{id: string, number: string, url: string, class_code: string, class_title: string, state: string, state_title: string,
 *   priority: number, level: number, reopened: number, voices: number, pending_title: string | null, address: string, note: string,
 *   grid: string, police_grid: string, holder: string | null, lon: number, lat: number, found_at: string, due_at: string | null,
 *   clock: string | null, overdue: boolean, restricted: boolean, paused: boolean}} Entry
 */

await Promise.all([load("office"), load("map"), load("desk")]);

const PAGE = 30;
const MOST = 200;
// Several steps often come at once: they are asked for together.
const GATHER_MS = 250;
const TYPING_MS = 300;

const form = /** @type {HTMLFormElement} */ (byId("filters"));
const list = byId("entries");
const title = document.title;
const chime = new Chime(byId("sound"));
const map = new DeskMap(byId("desk-map"), { over: mark, open: goTo });

/** @type {Counted[]} */
let lists = [];
/** @type {Entry[]} */
let entries = [];
/** @type {string | null} */
let next = null;
let current = new URLSearchParams(location.search).get("list") ?? "";
let waiting = -1;
let asked = 0;

for (const [name, value] of new URLSearchParams(location.search)) {
  const control = form.elements.namedItem(name);
  if (control instanceof HTMLInputElement || control instanceof HTMLSelectElement) control.value = value;
}

await counted();
choose(current || firstFull());
run();
watchKeys({ move, turn, search: () => byId("q").focus(), help: () => help().showModal() });
let timer = 0;
new Live(() => {
  clearTimeout(timer);
  timer = window.setTimeout(() => void renewed(), GATHER_MS);
}).start();

for (const tab of tabs()) {
  tab.addEventListener("click", (event) => {
    event.preventDefault();
    choose(tab.dataset.list ?? "");
  });
}
form.addEventListener("submit", (event) => {
  event.preventDefault();
  void shown(false);
});
let typing = 0;
form.addEventListener("input", () => {
  clearTimeout(typing);
  typing = window.setTimeout(() => void shown(false), TYPING_MS);
});
byId("more").addEventListener("click", () => void shown(true));
byId("help-open").addEventListener("click", () => help().showModal());
list.addEventListener("pointerover", (event) => mark(idOf(event.target)));
list.addEventListener("pointerleave", () => mark(""));
list.addEventListener("focusin", (event) => mark(idOf(event.target)));

function help() {
  return /** @type {HTMLDialogElement} */ (byId("help"));
}

/** @returns {HTMLElement[]} the tabs that are shown */
function tabs() {
  return /** @type {HTMLElement[]} */ ([...byId("lists").querySelectorAll("[data-list]")]);
}

/** The first list with something that waits; else the first that holds anything. */
function firstFull() {
  const full = lists.filter((each) => each.count && !each.alarm);
  return (full.find((each) => each.calls) ?? full[0])?.name ?? "waiting";
}

/** Ask how long each list is, and say so on the tabs and in the browser's own tab. */
async function counted() {
  try {
    const answer = await getJson("/api/v1/desk");
    lists = answer.lists;
    for (const each of lists) {
      const tab = tabs().find((one) => one.dataset.list === each.name);
      if (!tab) continue;
      fill(/** @type {HTMLElement} */ (tab.querySelector("[data-count]")), each.more ? `${each.count}+` : String(each.count));
      tab.dataset.full = each.count ? "yes" : "no";
      if (each.alarm) tab.hidden = !each.count;
    }
    if (waiting >= 0 && answer.waiting > waiting) chime.play();
    waiting = answer.waiting;
    document.title = waiting ? `(${waiting}) ${title}` : title;
  } catch (error) {
    complain(error);
  }
}

/** @param {string} name */
function choose(name) {
  if (!lists.some((each) => each.name === name)) name = "waiting";
  current = name;
  const chosen = lists.find((each) => each.name === name);
  fill(byId("list-title"), chosen?.title ?? "");
  fill(byId("list-hint"), chosen?.hint ?? "");
  for (const tab of tabs()) {
    if (tab.dataset.list === name) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  tabs().find((tab) => tab.dataset.list === name)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  void shown(false);
}

/** What the filters say, without those that say nothing. */
function wishes() {
  const said = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (typeof value === "string" && value) said.set(name, value);
  return said;
}

/**
 * Show the list from its beginning, or the next page of it.
 * @param {boolean} further
 * @param {number} [limit]
 */
async function shown(further, limit = PAGE) {
  const mine = ++asked;
  const query = wishes();
  const address = new URLSearchParams(query);
  address.set("list", current);
  history.replaceState(null, "", `?${address}`);
  byId("export").setAttribute("href", `/api/v1/desk/${current}/export?${query}`);
  query.set("limit", String(limit));
  if (further && next) query.set("cursor", next);
  try {
    const answer = await getJson(`/api/v1/desk/${current}?${query}`);
    if (mine !== asked) return;
    next = answer.next;
    draw(further ? [...entries, ...answer.entries] : answer.entries, further);
    byId("desk-problem").hidden = true;
  } catch (error) {
    if (mine === asked) complain(error);
  }
}

/** @param {unknown} error */
function complain(error) {
  const place = byId("desk-problem");
  place.textContent = explain(error);
  place.hidden = false;
}

/**
 * Draw the entries; who stands on one stays on it.
 * @param {Entry[]} found
 * @param {boolean} further
 */
function draw(found, further) {
  const known = new Set(entries.map((each) => each.id));
  const renewing = !further && known.size > 0;
  entries = found;
  unpressed(() => put(renewing, known));
  map.show(entries);
  // The markers are new ones: who stands on an entry keeps its marker raised.
  const raised = list.querySelector("li[aria-current]");
  if (raised instanceof HTMLElement) map.point(raised.dataset.id ?? "");
  byId("more").hidden = !next;
  const nothing = byId("nothing");
  nothing.hidden = entries.length > 0;
  nothing.textContent = t(wishes().size > 1 || wishes().get("sort") !== "clock" ? "desk.none_fits" : "desk.none");
  list.hidden = entries.length === 0;
  list.dataset.of = current;
}

/**
 * @param {boolean} renewing what was not known is marked as new
 * @param {Set<string>} known
 */
function put(renewing, known) {
  const on = idOf(document.activeElement);
  fill(list, entries.map((each) => entryItem(each, renewing && !known.has(each.id), goTo)));
  for (const clock of list.querySelectorAll("[data-until]")) tell(/** @type {HTMLElement} */ (clock));
  if (on) linkOf(on)?.focus({ preventScroll: true });
}

/** Something happened: counts and the list that is shown, as far as it was unfolded. */
async function renewed() {
  const before = waiting;
  await counted();
  await shown(false, Math.min(MOST, Math.max(PAGE, entries.length)));
  if (waiting > before) fill(byId("told"), t("desk.arrived", { count: waiting }));
}

/** @param {EventTarget | null} target */
function idOf(target) {
  const item = target instanceof Element ? target.closest("#entries > li") : null;
  return item instanceof HTMLElement ? (item.dataset.id ?? "") : "";
}

/** @param {string} id */
function itemOf(id) {
  return /** @type {HTMLElement | null} */ (id ? list.querySelector(`li[data-id="${CSS.escape(id)}"]`) : null);
}

/** @param {string} id */
function linkOf(id) {
  return /** @type {HTMLElement | null | undefined} */ (itemOf(id)?.querySelector("a"));
}

/**
 * Raise an entry and its marker.
 * @param {string} id empty for none
 */
function mark(id) {
  for (const item of list.querySelectorAll("li[aria-current]")) item.removeAttribute("aria-current");
  itemOf(id)?.setAttribute("aria-current", "true");
  map.point(id);
}

/**
 * A marker was chosen, or the pin of an entry: the other one comes into sight.
 * @param {string} id
 */
function goTo(id) {
  map.goTo(id);
  linkOf(id)?.focus({ preventScroll: true });
  itemOf(id)?.scrollIntoView({ block: "nearest" });
  mark(id);
}

/**
 * Step through the entries.
 * @param {number} by 1 or -1
 */
function move(by) {
  const at = entries.findIndex((each) => each.id === idOf(document.activeElement));
  const to = at < 0 ? (by > 0 ? 0 : entries.length - 1) : Math.min(Math.max(at + by, 0), entries.length - 1);
  const link = linkOf(entries[to]?.id ?? "");
  link?.focus();
  link?.scrollIntoView({ block: "nearest" });
}

/**
 * Step through the lists.
 * @param {number} by 1 or -1
 */
function turn(by) {
  const names = tabs()
    .filter((tab) => !tab.hidden)
    .map((tab) => tab.dataset.list ?? "");
  choose(names[(names.indexOf(current) + by + names.length) % names.length] ?? "waiting");
}
