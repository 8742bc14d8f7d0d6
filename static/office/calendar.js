// The calendar of the station: copy a year, declare a day, set hours and limits.

import { byId } from "../shared/dom.js";
import { explain, send } from "../shared/http.js";
import { load, t } from "../shared/i18n.js";
import { newId } from "./ids.js";
import { say, sending } from "./problems.js";

await load("calendar");

const API = "/api/v1/calendar";
const dialog = /** @type {HTMLDialogElement} */ (byId("day-dialog"));
const dayForm = /** @type {HTMLFormElement} */ (byId("day"));
// One id for each opening of a form: pressing again after a lost answer changes nothing twice.
const ids = { day: newId(), hours: newId(), limit: newId() };
let chosen = "";

for (const button of document.querySelectorAll("button[data-day]")) {
  button.addEventListener("click", () => open(/** @type {HTMLButtonElement} */ (button)));
}
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.addEventListener("click", () => copy(/** @type {HTMLButtonElement} */ (button)));
}
for (const button of document.querySelectorAll("button[data-end]")) {
  button.addEventListener("click", () => end(/** @type {HTMLButtonElement} */ (button)));
}
byId("day-cancel").addEventListener("click", () => dialog.close());
on("day", setDay);
on("hours", setHours);
on("limit", setLimit);
on("notice-form", takeNotice);

/**
 * @param {string} id
 * @param {(form: HTMLFormElement) => Promise<void>} act
 */
function on(id, act) {
  const form = /** @type {HTMLFormElement} */ (byId(id));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sending(form, () => act(form));
  });
}

/**
 * The text of a field, without blanks around.
 * @param {HTMLFormElement} form
 * @param {string} name
 */
function said(form, name) {
  return String(new FormData(form).get(name) ?? "").trim();
}

/** @param {HTMLButtonElement} button */
function open(button) {
  chosen = button.dataset.day ?? "";
  ids.day = newId();
  dayForm.reset();
  byId("day-title").textContent = chosen;
  byId("day-now").textContent = button.title;
  const wish = button.dataset.free === undefined ? "false" : "true";
  for (const radio of dayForm.querySelectorAll('input[name="works"]')) {
    const input = /** @type {HTMLInputElement} */ (radio);
    input.checked = input.value === (button.dataset.own === undefined ? wish : "null");
  }
  dialog.showModal();
}

/** @param {HTMLFormElement} form */
async function setDay(form) {
  const works = JSON.parse(said(form, "works") || "null");
  await send(`${API}/days`, { id: ids.day, day: chosen, works, reason: said(form, "reason") });
  window.location.reload();
}

/** @param {HTMLFormElement} form */
async function setHours(form) {
  const spans = said(form, "spans").split(/[,，、;；]/).map((part) => part.trim().split(/\s*[-–—~至]\s*/));
  await send(`${API}/hours`, { id: ids.hours, since: said(form, "since"), spans });
  window.location.reload();
}

/**
 * A limit of the form: an amount with its unit, or nothing.
 * @param {HTMLFormElement} form
 * @param {string} name
 */
function limit(form, name) {
  const amount = said(form, `${name}_amount`);
  return amount ? { amount: Number(amount), unit: said(form, `${name}_unit`) } : null;
}

/** @param {HTMLFormElement} form */
async function setLimit(form) {
  const close = limit(form, "close");
  await send(`${API}/limits`, {
    id: ids.limit,
    class_code: said(form, "class_code"),
    priority: Number(said(form, "priority")),
    respond: limit(form, "respond"),
    ...(close ? { close } : {}),
    extension: limit(form, "extension"),
    pauses: new FormData(form).getAll("pauses"),
    valid_from: said(form, "valid_from"),
  });
  window.location.reload();
}

/** @param {HTMLFormElement} form */
async function takeNotice(form) {
  const year = Number(said(form, "year"));
  /** @type {Record<string, string>} */
  const holidays = {};
  /** @type {Record<string, string>} */
  const makeUp = {};
  for (const line of lines(form, "holidays")) {
    const [first, last, name] = parts(line, year, 2);
    if (!first || !last) return say(form, t("notice.line", { line }));
    for (let day = first; day <= last; day = next(day)) holidays[day] = name ?? "";
  }
  for (const line of lines(form, "make_up")) {
    const [day, name] = parts(line, year, 1);
    if (!day) return say(form, t("notice.line", { line }));
    makeUp[day] = name ?? "";
  }
  await send(`${API}/years/${year}`, { holidays, make_up: makeUp, source: said(form, "source") });
  window.location.assign(`?year=${year}`);
}

/**
 * @param {HTMLFormElement} form
 * @param {string} name
 */
function lines(form, name) {
  return said(form, name).split("\n").map((line) => line.trim()).filter(Boolean);
}

/**
 * The days at the beginning of a line (2027-10-01 or 10-01), then its name; days that are none are empty.
 * @param {string} line
 * @param {number} year
 * @param {number} days
 */
function parts(line, year, days) {
  const words = line.split(/[\s,，]+/);
  const found = words.slice(0, days).map((word) => dayOf(word, year));
  // One day alone stands for its first and last.
  if (days === 2 && found[0] && !found[1]) return [found[0], found[0], words.slice(1).join(" ")];
  return [...found, words.slice(days).join(" ")];
}

/**
 * @param {string} word
 * @param {number} year
 */
function dayOf(word, year) {
  const found = /^(?:(\d{4})-)?(\d{1,2})-(\d{1,2})$/.exec(word);
  if (!found) return "";
  const [, given, month, day] = found;
  const text = `${given ?? year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
  const date = new Date(`${text}T00:00:00Z`);
  return Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== text ? "" : text;
}

/** @param {string} day */
function next(day) {
  return new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
}

/** @param {HTMLButtonElement} button */
function copy(button) {
  return press(button, "copy-problem", () => send(`${API}/years/${button.dataset.copy}`, {}));
}

/** @param {HTMLButtonElement} button */
async function end(button) {
  if (!window.confirm(t("limit.end_ask"))) return;
  const day = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai" }).format(new Date());
  await press(button, "end-problem", () => send(`${API}/limits/${button.dataset.end}/end`, { valid_to: day }));
}

/**
 * @param {HTMLButtonElement} button
 * @param {string} place
 * @param {() => Promise<unknown>} act
 */
async function press(button, place, act) {
  button.disabled = true;
  try {
    await act();
    window.location.reload();
  } catch (error) {
    button.disabled = false;
    byId(place).textContent = explain(error);
    byId(place).hidden = false;
  }
}
