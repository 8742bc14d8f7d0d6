// One task in a list: what, where, for whom, until when; inside it the buttons for what the reader may do.

import { h, toast } from "../shared/dom.js";
import { send } from "../shared/http.js";
import { dateTime, t } from "../shared/i18n.js";
import { newId } from "./ids.js";
import { smaller } from "./photo.js";
import { sending } from "./problems.js";

/**
 * A task as the service tells it.
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
 * @property {{kind: string, name: string}} receiver
 * @property {string | null} taken_by
 * @property {string} due_from
 * @property {string} due_until
 * @property {string} state
 * @property {string} state_title
 * @property {string[]} verbs
 * @property {{by: string | null, at: string, note: string, flags: {code: string, title: string}[], photos: string[]} | null} result
 */

/** @typedef {{part: string, away: number | null, fresh?: boolean, changed: () => void}} Shown */

/** @type {Record<string, string>} */
const BADGES = { open: "reported", taken: "handling", done: "closed", failed: "rejected", cancelled: "withdrawn" };

/**
 * @param {Task} task
 * @param {Shown} shown
 */
export function taskCard(task, shown) {
  const overdue = shown.part === "overdue";
  const away = shown.away === null ? "" : t("tasks.away", { n: shown.away });
  const meta = [task.kind_title, task.address || task.grid, t("tasks.for", { name: task.receiver.name }), away];
  const head = h(
    "summary",
    {},
    h("span", { class: "title", text: task.words }),
    h("span", { class: "meta", text: meta.filter(Boolean).join(" · ") }),
    h(
      "span",
      { class: "row" },
      h("span", { class: "badge", data: { state: overdue ? "overdue" : (BADGES[task.state] ?? "reported") }, text: overdue ? t("tasks.part.overdue") : task.state_title }),
      shown.part === "done" ? null : h("span", { class: overdue ? "error" : "muted", text: t("tasks.until", { at: dateTime(task.due_until) }) }),
      task.result?.flags.length ? h("span", { class: "badge", data: { state: "escalated" }, text: t("tasks.flagged") }) : null,
    ),
  );
  return h("li", { id: `task-${task.id}`, data: shown.fresh ? { fresh: "" } : {} }, h("details", { class: "item" }, head, h("div", { class: "stack" }, particulars(task), task.result ? result(task.result) : null, task.verbs.length ? actions(task, shown) : null)));
}

/** @param {Task} task */
function particulars(task) {
  /** @type {[string, string | Node | null][]} */
  const told = [
    [t("tasks.from"), task.given_by ?? ""],
    [t("tasks.taken"), task.taken_by ?? ""],
    [t("tasks.when"), `${dateTime(task.due_from)} – ${dateTime(task.due_until)}`],
    [t("tasks.place"), `${task.lat.toFixed(6)}, ${task.lon.toFixed(6)}`],
    [t("tasks.case"), task.case ? h("a", { href: `/cases/${task.case.number}`, text: `${task.case.title} ${task.case.number}` }) : null],
  ];
  return h("dl", { class: "facts" }, told.filter(([, value]) => value).flatMap(([name, value]) => [h("dt", { text: name }), h("dd", {}, value)]));
}

/** @param {NonNullable<Task["result"]>} told */
export function result(told) {
  const flags = told.flags.map((flag) => h("span", { class: "badge", data: { state: "escalated" }, text: flag.title }));
  const pictures = told.photos.map((src, n) => h("a", { href: src }, h("img", { src, alt: t("tasks.photo", { n: n + 1 }), loading: "lazy" })));
  return h(
    "div",
    { class: "stack" },
    h("p", {}, h("strong", { text: [told.by, dateTime(told.at)].filter(Boolean).join(" · ") })),
    told.note ? h("p", { class: "said", text: told.note }) : null,
    flags.length ? h("p", { class: "row" }, flags) : null,
    pictures.length ? h("div", { class: "photos" }, pictures) : null,
  );
}

/**
 * @param {Task} task
 * @param {Shown} shown
 */
function actions(task, shown) {
  const own = newId();
  const note = h("textarea", { id: `note-${task.id}`, rows: 2, maxlength: 1000, data: { pointer: "/note" } });
  const photo = h("input", { id: `photo-${task.id}`, type: "file", accept: "image/jpeg,image/png,image/webp", data: { pointer: "/photo /files" } });
  const look = task.kind === "look_back";
  const address = `/api/v1/tasks/${task.id}`;
  /** @param {() => Promise<unknown>} act */
  const doing = (act) => () =>
    sending(form, async () => {
      await act();
      toast(t("tasks.saved"));
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
      shown.changed();
    });
  const tell = (/** @type {string} */ outcome) => async () => {
    const body = new FormData();
    const place = await here();
    for (const [name, value] of Object.entries({ id: own, outcome, note: note.value, at: new Date().toISOString(), ...place })) body.set(name, String(value));
    const file = photo.files?.[0];
    if (file) body.set("photo", await smaller(file), file.name);
    await send(`${address}/result`, body, { timeout: 120_000 });
  };
  const can = (/** @type {string} */ verb) => task.verbs.includes(verb);
  const to = can("pass_on") ? receivers(task.id) : null;
  const form = h(
    "form",
    { class: "stack", novalidate: true, on: { submit: (/** @type {Event} */ event) => event.preventDefault() } },
    h("div", { class: "field" }, h("label", { for: note.id, text: t("tasks.words") }), note),
    can("finish") ? h("div", { class: "field" }, h("label", { for: photo.id, text: t("tasks.picture") }), photo) : null,
    to ? h("div", { class: "field" }, h("label", { for: to.id, text: t("tasks.pass_on.to") }), to) : null,
    h("p", { class: "alert", role: "alert", data: { tone: "error", formProblem: "" }, hidden: true }),
    h(
      "div",
      { class: "row" },
      // The one that `sending` holds while something is on its way.
      can("finish") ? h("button", { class: "btn btn-primary", type: "submit", data: { act: "done" }, on: { click: doing(tell("done")) } }, t(look ? "tasks.fine" : "tasks.done")) : h("button", { type: "submit", hidden: true }),
      can("finish") ? h("button", { class: "btn", type: "button", data: { act: "failed" }, on: { click: doing(tell("failed")) } }, t(look ? "tasks.notfine" : "tasks.failed")) : null,
      can("take") ? h("button", { class: "btn", type: "button", data: { act: "take" }, on: { click: doing(() => send(`${address}/take`, null)) } }, t("tasks.take")) : null,
      to ? h("button", { class: "btn", type: "button", data: { act: "pass_on" }, on: { click: doing(() => send(`${address}/receiver`, receiver(to.value), { method: "PUT" })) } }, t("tasks.pass_on")) : null,
      can("cancel") ? h("button", { class: "btn btn-danger", type: "button", data: { act: "cancel" }, on: { click: doing(() => send(`${address}/cancel`, { note: note.value })) } }, t("tasks.cancel")) : null,
    ),
  );
  return form;
}

/**
 * Whom a task may go to instead: the choice of the form that gives one, which is filled later than the list.
 * @param {string} id
 */
function receivers(id) {
  const made = h("select", { id: `to-${id}`, data: { pointer: "/receiver /to_person /to_team /to_grid" } });
  const copy = () => {
    if (made.options.length > 1) return;
    const known = document.getElementById("give-to")?.children ?? [];
    made.replaceChildren(...[...known].map((each) => each.cloneNode(true)));
  };
  copy();
  made.addEventListener("focus", copy);
  return made;
}

/** @param {string} chosen kind and id, as the choice has them */
export function receiver(chosen) {
  const [kind, id] = chosen.split(" ");
  return kind ? { [kind]: id } : {};
}

/** Where the browser is, if it says so soon: the result tells how near it was. */
function here() {
  return new Promise((done) => {
    if (!navigator.geolocation || !isSecureContext) return done({});
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => done({ lon: coords.longitude, lat: coords.latitude, accuracy_m: coords.accuracy }),
      () => done({}),
      { timeout: 5_000, maximumAge: 60_000, enableHighAccuracy: true },
    );
  });
}
