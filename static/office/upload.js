// The preview of one upload: its rows page by page, what a person decides about them, taking over, progress.

import { byId, fill, h } from "../shared/dom.js";
import { explain, getJson, HttpError, send } from "../shared/http.js";
import { dateTime, load, number, t } from "../shared/i18n.js";
import { sending } from "./problems.js";

await load("intake");

const LONG_MS = 120_000;
const PAGE = 100;
const root = byId("upload");
const base = `/api/v1/intake/uploads/${encodeURIComponent(root.dataset.id ?? "")}`;
/** @type {Record<string, string>} */
const classes = Object.fromEntries(JSON.parse(root.dataset.classes ?? "[]"));
/** @type {Record<string, string>} */
const states = Object.fromEntries(JSON.parse(root.dataset.states ?? "[]"));
const BADGES = {
  fine: "queued",
  fault: "failed",
  known: "duplicate",
  changed: "escalated",
  skipped: "withdrawn",
  taken: "closed",
  revised: "revisited",
};
const table = byId("rows");
const body = /** @type {HTMLElement} */ (table.querySelector("tbody"));
const more = byId("more");
let chosen = "";
let next = "0";
let upload = /** @type {any} */ (null);

more.addEventListener("click", () => loadRows(false));
submit("take", take);
submit("reading", readAgain);
await follow();

/**
 * @param {string} id
 * @param {(form: HTMLFormElement) => Promise<void>} act
 */
function submit(id, act) {
  const form = document.getElementById(id);
  if (!(form instanceof HTMLFormElement)) return;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sending(form, () => act(form));
  });
}

/** Show the upload as it is; while the service works on it, look again. */
async function follow() {
  const before = upload?.state;
  try {
    upload = await getJson(base);
  } catch (error) {
    progress(explain(error));
    if (error instanceof HttpError && error.passing) setTimeout(follow, 3000);
    return;
  }
  const working = ["reading", "taking"].includes(upload.state);
  drawCounts();
  if (working) {
    const done = sum("taken", "revised");
    progress(t(`intake.${upload.state}`, { done: number(done), all: number(done + sum("fine", "changed")) }));
    // Rows as they stood when the taking began, or when somebody came to look.
    if (upload.state === "taking" && before !== "taking") await loadRows(true);
    setTimeout(follow, 1000);
    return;
  }
  progress("");
  if (before === "reading") return location.reload();
  await loadRows(true);
}

/** @param {string} text */
function progress(text) {
  const line = byId("progress");
  line.textContent = text;
  line.hidden = !text;
}

function total() {
  return Object.values(upload.counts).reduce((sum, count) => sum + Number(count), 0);
}

/** @param {string[]} among */
function sum(...among) {
  return among.reduce((count, state) => count + (upload.counts[state] ?? 0), 0);
}

function drawCounts() {
  const chip = (/** @type {string} */ state, /** @type {string} */ text) =>
    h("button", {
      class: "btn chip",
      type: "button",
      "aria-pressed": String(chosen === state),
      text,
      on: { click: () => show(state) },
    });
  const shown = Object.keys(states).filter((state) => upload.counts[state]);
  fill(
    byId("chips"),
    chip("", t("intake.all", { count: number(total()) })),
    shown.map((state) => chip(state, `${states[state]} ${number(upload.counts[state])}`)),
  );
  const waiting = sum("fine", "changed");
  const button = /** @type {HTMLButtonElement} */ (byId("take").querySelector("button"));
  button.hidden = !waiting || ["reading", "taking", "refused"].includes(upload.state);
  button.textContent = t("intake.take", { count: number(waiting) });
  byId("faults").hidden = !upload.counts.fault;
}

/** @param {string} state */
function show(state) {
  chosen = state;
  drawCounts();
  loadRows(true);
}

/** @param {boolean} anew */
async function loadRows(anew) {
  if (anew) next = "0";
  const query = new URLSearchParams({ limit: String(PAGE), after: next });
  if (chosen) query.set("state", chosen);
  const page = await getJson(`${base}/rows?${query}`);
  if (anew) fill(body);
  body.append(...page.rows.map(drawn));
  next = page.next ?? "";
  more.hidden = !page.next;
  table.hidden = body.childElementCount === 0;
}

/**
 * @param {any} row
 * @returns {HTMLTableRowElement}
 */
function drawn(row) {
  return h(
    "tr",
    { data: { number: String(row.number) } },
    h("th", { scope: "row" }, h("span", { class: "number", text: String(row.number) })),
    cell("said", saidCell(row)),
    cell("class", classCell(row)),
    cell("place", placeCell(row)),
    cell("state", stateCell(row)),
  );
}

/**
 * @param {string} name
 * @param {(Node | null)[]} children
 */
function cell(name, children) {
  return h("td", { class: "wrap", data: { label: t(`intake.column.${name}`) } }, h("div", { class: "stack" }, children));
}

/** @param {any} row */
function saidCell(row) {
  const when = row.found_at ? dateTime(row.found_at) : (row.content.time ?? "–");
  const said = [row.content.category, row.content.text].filter(Boolean).join(" · ");
  return [
    h("span", { class: "muted", text: `${row.ref} · ${when}` }),
    h("span", { class: "clipped", title: said, text: said || "–" }),
  ];
}

/** @param {any} row */
function classCell(row) {
  const why = row.word ? t("intake.why", { word: row.word }) : "";
  if (!["fine", "fault"].includes(row.state) || upload.state === "taking") {
    return [h("span", { text: classes[row.class_code] ?? row.class_code })];
  }
  const codes = Object.keys(classes);
  const select = h(
    "select",
    { "aria-label": t("intake.choose_class"), on: { change: () => decide(row, { class_code: select.value }, select) } },
    codes.includes(row.class_code) ? null : h("option", { value: "", text: t("intake.choose_class") }),
    codes.map((code) => h("option", { value: code, selected: code === row.class_code, text: classes[code] })),
  );
  return [select, why ? h("span", { class: "muted", text: why }) : null];
}

/** @param {any} row */
function placeCell(row) {
  const goal = row.grid ? `${row.grid} → ${row.police_grid}` : "";
  const sure =
    row.method === "address"
      ? t("intake.by_address", {
          precision: t(`intake.precision.${row.precision}`),
          accuracy: number(row.accuracy_m ?? 0),
          score: number((row.score ?? 0) * 100),
        })
      : row.raw_x !== null
        ? t("intake.by_coordinates", { crs: row.raw_crs, accuracy: number(row.accuracy_m ?? 0) })
        : "";
  return [
    row.content.address ? h("span", { text: row.content.address }) : null,
    goal ? h("strong", { text: goal }) : null,
    sure ? h("span", { class: "muted", text: sure }) : null,
    row.place_flag ? h("span", { class: "muted", text: t(`intake.flag.${row.place_flag}`) }) : null,
    row.state === "fault" && row.candidates.length && !row.grid && upload.state !== "taking" ? candidates(row) : null,
  ];
}

/** @param {any} row */
function candidates(row) {
  const select = h(
    "select",
    { "aria-label": t("intake.choose_place"), on: { change: () => decide(row, { candidate: Number(select.value) }, select) } },
    h("option", { value: "", text: t("intake.choose_place") }),
    row.candidates.map((/** @type {any} */ item, /** @type {number} */ index) =>
      h("option", {
        value: String(index),
        text: `${item.label} · ${t(`intake.precision.${item.precision}`)} ±${number(item.accuracy_m)} m`,
      }),
    ),
  );
  return select;
}

/** @param {any} row */
function stateCell(row) {
  /** @type {Record<string, string>} */
  const badges = BADGES;
  const open = ["fine", "fault", "skipped"].includes(row.state) && upload.state !== "taking";
  const skips = row.state !== "skipped";
  return [
    h("span", { class: "badge", data: { state: badges[row.state] }, text: states[row.state] }),
    row.case_number
      ? h("a", { href: `/cases/${encodeURIComponent(row.case_number)}`, class: "number", text: row.case_number })
      : null,
    row.problems.length
      ? h(
          "ul",
          { class: "problems" },
          row.problems.map((/** @type {any} */ item) => h("li", { text: item.detail })),
        )
      : null,
    open
      ? h("button", {
          class: "btn small",
          type: "button",
          text: t(skips ? "intake.skip" : "intake.unskip"),
          on: { click: (/** @type {Event} */ event) => decide(row, { skip: skips }, /** @type {HTMLElement} */ (event.target)) },
        })
      : null,
  ];
}

/**
 * Tell the service what was decided about a row and show what became of it.
 * @param {any} row
 * @param {object} said
 * @param {HTMLElement} control
 */
async function decide(row, said, control) {
  const line = /** @type {HTMLElement} */ (control.closest("tr"));
  try {
    const changed = await send(`${base}/rows/${row.number}`, said, { method: "PATCH" });
    const fresh = drawn(changed);
    line.replaceWith(fresh);
    upload = await getJson(base);
    drawCounts();
  } catch (error) {
    control.after(h("p", { class: "error", role: "alert", text: explain(error) }));
  }
}

/** @param {HTMLFormElement} _form */
async function take(_form) {
  upload = await send(`${base}/take`, null, { timeout: LONG_MS });
  chosen = "";
  await follow();
}

/** @param {HTMLFormElement} form */
async function readAgain(form) {
  /** @type {Record<string, string>} */
  const mapping = {};
  for (const select of form.querySelectorAll("select[data-field]")) {
    if (select instanceof HTMLSelectElement) mapping[select.dataset.field ?? ""] = select.value;
  }
  const field = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
  await send(
    `${base}/reading`,
    {
      mapping,
      crs: field("crs").value,
      time_format: field("time_format").value.trim(),
      zone: field("zone").value.trim(),
      default_class: field("default_class").value,
      save: Boolean(field("save")?.checked),
    },
    { method: "PUT", timeout: LONG_MS },
  );
  location.reload();
}
