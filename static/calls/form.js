// The form to call: what kind, for whom, which words, where. The same form on every page.

import { newId } from "../office/ids.js";
import { fill, h } from "../shared/dom.js";
import { explain, getJson, send } from "../shared/http.js";
import { t } from "../shared/i18n.js";
import { API } from "./board.js";

/** @typedef {{lon: number, lat: number, accuracy_m?: number | null, method?: string}} Spot */

const AIMS = ["around", "ground", "person", "team"];
const MANY = ["around", "ground", "team"];
let serial = 0;

/**
 * Make the form. `place` is asked when it is sent; null means the case's place. `done` gets the new call.
 * @param {{police: boolean, place: () => Spot | null, case_id?: string, where?: Node | null, done: (call: any) => void}} wish
 */
export function callForm({ police, place, case_id, where = null, done }) {
  const mark = `call${++serial}`;
  let id = newId();
  const choices = h("div", { class: "call-choices" });
  const kinds = h("fieldset", { class: "field call-kinds" }, h("legend", { text: t("calls.kind") }), choices);
  const words = h("textarea", { id: `${mark}-words`, name: "words", rows: "2", maxlength: "500" });
  const wanted = h("input", { id: `${mark}-wanted`, type: "number", min: "1", max: "20", value: "1", inputmode: "numeric" });
  const named = h("select", { id: `${mark}-named` });
  const aim = aims(mark, named, wanted);
  const problem = h("p", { class: "alert", role: "alert", data: { tone: "error" }, hidden: true });
  const button = h("button", { class: "btn btn-primary call-button", type: "submit", text: t(police ? "calls.call_grid" : "calls.call_police") });
  const form = h(
    "form",
    { class: "stack call-form", novalidate: true },
    kinds,
    police ? aim.part : null,
    h("div", { class: "field" }, h("label", { for: words.id, text: t("calls.words") }), words),
    where,
    problem,
    button,
  );
  const offered = offerKinds(choices, `${mark}-kind`, problem);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.hidden = true;
    button.disabled = true;
    await offered; // who calls in haste is faster than the list of kinds
    try {
      const spot = place();
      const picked = form.querySelector(`input[name="${mark}-kind"]:checked`);
      const sent = { id, kind: picked instanceof HTMLInputElement ? picked.value : "", words: words.value.trim(), ...(police ? aim.value() : {}) };
      const call = await send(API, { ...sent, ...(spot ? { place: spot } : {}), ...(case_id ? { case_id } : {}) });
      id = newId();
      words.value = "";
      done(call);
    } catch (error) {
      problem.textContent = explain(error);
      problem.hidden = false;
      problem.scrollIntoView({ block: "nearest" });
    }
    button.disabled = false;
  });
  return form;
}

/**
 * What the caller may call for, as the station has set it; the first is chosen.
 * @param {HTMLElement} place
 * @param {string} name
 * @param {HTMLElement} problem
 */
async function offerKinds(place, name, problem) {
  try {
    const found = /** @type {{code: string, title: string}[]} */ (await getJson(`${API}/kinds`));
    fill(place, found.map((kind, i) => choice(name, kind.code, kind.title, i === 0)));
  } catch (error) {
    problem.textContent = explain(error);
    problem.hidden = false;
  }
}

/**
 * @param {string} name
 * @param {string} value
 * @param {string} title
 * @param {boolean} checked
 */
function choice(name, value, title, checked) {
  const input = h("input", { type: "radio", name, value });
  input.checked = checked;
  return h("label", { class: "choice" }, input, h("span", { text: title }));
}

/**
 * For whom: those around, those who answer for the ground, one person, a team. Names are asked for when needed.
 * @param {string} mark
 * @param {HTMLSelectElement} named
 * @param {HTMLInputElement} wanted
 */
function aims(mark, named, wanted) {
  const chosen = h("select", { id: `${mark}-aim` }, AIMS.map((aim) => h("option", { value: aim, text: t(`calls.aim_${aim}`) })));
  const names = h("div", { class: "field", hidden: true }, h("label", { for: named.id, text: t("calls.who") }), named);
  const many = h("div", { class: "field" }, h("label", { for: wanted.id, text: t("calls.wanted") }), wanted);
  /** @type {Promise<any> | null} */
  let known = null;
  chosen.addEventListener("change", async () => {
    const one = chosen.value;
    names.hidden = !["person", "team"].includes(one);
    many.hidden = !MANY.includes(one);
    if (names.hidden) return;
    known ??= getJson(`${API}/aims`);
    const found = await known.catch(() => ((known = null), { persons: [], teams: [] }));
    fill(named, found[`${one}s`].map((/** @type {any} */ item) => h("option", { value: item.id, text: item.name })));
  });
  const part = h("div", { class: "stack" }, h("div", { class: "field" }, h("label", { for: chosen.id, text: t("calls.aim") }), chosen), names, many);
  const value = () => ({
    aim: chosen.value,
    ...(names.hidden ? {} : { aim_id: named.value || null }),
    ...(many.hidden ? {} : { wanted: Number(wanted.value) || 1 }),
  });
  return { part, value };
}

/**
 * The form in a window of its own above the page; the browser keeps the focus in it and closes it by Escape.
 * @param {string} title
 * @param {(close: () => void) => HTMLElement} make
 */
export function openDialog(title, make) {
  const close = () => dialog.close();
  const head = h("header", { class: "row" }, h("h2", { id: `dialog${++serial}`, text: title }), h("button", { class: "btn push", type: "button", text: t("calls.close"), on: { click: close } }));
  const dialog = h("dialog", { class: "call-dialog", "aria-labelledby": `dialog${serial}` }, head);
  dialog.append(make(close));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
