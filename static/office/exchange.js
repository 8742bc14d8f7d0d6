// Exports and imports: ask with a reason, wait for large files, look at what is brought before it is taken.

import { h } from "../shared/dom.js";
import { getJson, send } from "../shared/http.js";
import { load, t } from "../shared/i18n.js";
import { newId } from "./ids.js";
import { say, sending } from "./problems.js";

await load("office");

const FILTERS = ["state", "class_code", "police_grid_id", "q", "since", "until", "plan_id"];
const POLL_MS = 1500;

const out = /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-export]"));
if (out) {
  // One id for one wish: pressing twice makes one file; another wish gets another.
  let key = newId();
  out.addEventListener("input", () => {
    key = newId();
    showFields(out);
  });
  out.addEventListener("submit", (event) => {
    event.preventDefault();
    sending(out, () => takeOut(out, key));
  });
  showFields(out);
}

const incoming = /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-import]"));
incoming?.addEventListener("submit", (event) => {
  event.preventDefault();
  sending(incoming, () => lookAt(incoming));
});

/**
 * Show the filters that the chosen register and format have.
 * @param {HTMLFormElement} form
 */
function showFields(form) {
  const chosen = [value(form, "kind"), value(form, "form")];
  for (const part of form.querySelectorAll("[data-for]")) {
    if (part instanceof HTMLElement) part.hidden = !(part.dataset.for ?? "").split(" ").some((word) => chosen.includes(word));
  }
}

/**
 * @param {HTMLFormElement} form
 * @param {string} name
 */
function value(form, name) {
  const control = /** @type {HTMLInputElement | null} */ (form.elements.namedItem(name));
  return control ? control.value.trim() : "";
}

/** @param {HTMLFormElement} form */
function wanted(form) {
  /** @type {Record<string, unknown>} */
  const found = {};
  for (const name of FILTERS) {
    const control = form.elements.namedItem(name);
    const hidden = control instanceof HTMLElement && control.closest("[hidden]");
    if (value(form, name) && !hidden) found[name] = value(form, name);
  }
  if (typeof found.until === "string") found.until = dayAfter(found.until);
  const box = value(form, "bbox");
  if (box && value(form, "kind") === "cases") found.bbox = box.split(/[\s,，]+/).map(Number);
  return found;
}

/** @param {string} day */
function dayAfter(day) {
  const next = new Date(`${day}T00:00:00Z`);
  next.setUTCDate(next.getUTCDate() + 1);
  return next.toISOString().slice(0, 10);
}

/**
 * @param {HTMLFormElement} form
 * @param {string} key
 */
async function takeOut(form, key) {
  const body = {
    id: key,
    kind: value(form, "kind"),
    form: value(form, "form"),
    crs: value(form, "crs"),
    encoding: value(form, "encoding"),
    language: document.documentElement.lang.startsWith("zh") ? "zh" : "en",
    wanted: wanted(form),
    reason: value(form, "reason"),
  };
  let made = await send("/api/v1/exchange/exports", body, { timeout: 120_000 });
  const said = form.querySelector("[data-said]");
  while (made.state === "waiting") {
    if (said) said.textContent = t("exchange.progress", { done: made.done_rows, rows: made.rows });
    await new Promise((done) => setTimeout(done, POLL_MS));
    made = await getJson(`/api/v1/exchange/exports/${made.id}`);
  }
  if (made.state !== "done") return say(form, made.error ?? t("exchange.failed"));
  const link = h("a", { class: "btn", href: made.url, download: true, text: t("exchange.fetch", { number: made.number }) });
  said?.replaceChildren(t("exchange.ready", { rows: made.rows }), " ", link);
  link.focus();
}

/** @param {HTMLFormElement} form */
async function lookAt(form) {
  const body = new FormData(form);
  body.set("id", newId());
  const found = await send("/api/v1/exchange/imports", body, { timeout: 120_000 });
  preview(found);
}

/**
 * Say what would become of a file, with the ways to go on.
 * @param {any} found
 */
function preview(found) {
  const place = document.querySelector("[data-preview]");
  if (!place) return;
  const bad = found.rows - found.good;
  const problem = h("p", { class: "alert", role: "alert", hidden: true, data: { tone: "error" } });
  /** @param {string} choice */
  const take = (choice) => {
    send(`/api/v1/exchange/imports/${found.id}/take`, { choice }, { timeout: 300_000 }).then(
      (done) => place.replaceChildren(h("p", { class: "alert", data: { tone: "success" }, text: t("exchange.taken", done.result) })),
      (error) => {
        problem.textContent = error.message;
        problem.hidden = false;
      },
    );
  };
  const rows = found.faults.slice(0, 100).map((/** @type {any} */ fault) => {
    return h("tr", {}, h("th", { scope: "row", text: fault.row }), h("td", { text: fault.column }), h("td", { class: "wrap", text: fault.detail }));
  });
  const heads = ["row", "column", "wrong"].map((name) => h("th", { scope: "col", text: t(`exchange.${name}`) }));
  place.replaceChildren(
    h("p", { class: "alert", data: { tone: bad ? "warning" : "success" }, text: t("exchange.preview", { rows: found.rows, good: found.good, known: found.known, bad }) }),
    ...(rows.length ? [h("div", { class: "table-wrap" }, h("table", { class: "data" }, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, rows)))] : []),
    problem,
    h("div", { class: "row" },
      bad === 0 && h("button", { class: "btn btn-primary", type: "button", text: t("exchange.take_all", { rows: found.good }), on: { click: () => take("all") } }),
      bad > 0 && found.good > 0 && h("button", { class: "btn", type: "button", text: t("exchange.take_good", { rows: found.good }), on: { click: () => take("good") } }),
      bad > 0 && h("a", { class: "btn", href: `/api/v1/exchange/imports/${found.id}/faults`, download: true, text: t("exchange.faults") })),
  );
}
