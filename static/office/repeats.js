// The page of repeats: what may be one thing, lists of directives, what counts as a repeat.

import { byId, toast } from "../shared/dom.js";
import { explain, send } from "../shared/http.js";
import { load, t } from "../shared/i18n.js";
import { newId } from "./ids.js";
import { say, sending } from "./problems.js";

await load("repeats");

const LONG_MS = 120_000;

byId("print").addEventListener("click", () => window.print());

const offers = document.getElementById("offers");
if (offers instanceof HTMLFormElement) {
  offers.addEventListener("submit", (event) => {
    event.preventDefault();
    sending(offers, () => mergeTicked(offers));
  });
  offers.addEventListener("click", (event) => pressed(offers, event.target));
}

/**
 * Merge or tell apart the two cases of one offer.
 * @param {HTMLFormElement} form
 * @param {EventTarget | null} target
 */
async function pressed(form, target) {
  if (!(target instanceof HTMLButtonElement) || !target.dataset.act || target.disabled) return;
  const offer = target.closest(".offer");
  if (!(offer instanceof HTMLElement)) return;
  target.disabled = true;
  try {
    if (target.dataset.act === "merge") await merge(offer.dataset.older ?? "", [offer.dataset.newer ?? ""]);
    else await send("/api/v1/repeats/apart", { cases: (offer.dataset.ids ?? "").split(" ") });
    toast(t(target.dataset.act === "merge" ? "merged" : "apart"));
    offer.remove();
  } catch (error) {
    say(form, explain(error));
    target.disabled = false;
  }
}

/**
 * Put all ticked later cases to their earlier ones, those of one leading case at once.
 * @param {HTMLFormElement} form
 */
async function mergeTicked(form) {
  /** @type {Map<string, string[]>} */
  const wanted = new Map();
  const ticked = Array.from(form.querySelectorAll(".offer")).filter((offer) => offer.querySelector("input:checked"));
  for (const offer of ticked) {
    if (!(offer instanceof HTMLElement)) continue;
    const { older = "", newer = "" } = offer.dataset;
    // A case goes to one leading case only; the service makes the rest of the chain flat.
    if (Array.from(wanted.values()).some((cases) => cases.includes(newer))) continue;
    wanted.set(older, [...(wanted.get(older) ?? []), newer]);
  }
  if (!wanted.size) return say(form, t("none_ticked"));
  for (const [lead, cases] of wanted) await merge(lead, cases);
  location.reload();
}

/**
 * @param {string} lead
 * @param {string[]} cases
 */
function merge(lead, cases) {
  return send("/api/v1/repeats/merges", { lead, cases });
}

const directives = document.getElementById("directives");
if (directives instanceof HTMLFormElement) {
  // Made once for the form: handing in again after a lost answer makes no second list.
  const id = newId();
  directives.addEventListener("submit", (event) => {
    event.preventDefault();
    sending(directives, () => handIn(directives, id));
  });
}

/**
 * @param {HTMLFormElement} form
 * @param {string} id
 */
async function handIn(form, id) {
  const file = /** @type {HTMLInputElement} */ (byId("directives-file")).files?.[0];
  if (!file) return say(form, t("no_file"));
  const body = new FormData();
  body.append("id", id);
  body.append("name", file.name);
  body.append("file", file, file.name);
  await send("/api/v1/directives", body, { timeout: LONG_MS });
  location.reload();
}

for (const item of document.querySelectorAll("button[data-end]")) {
  const button = /** @type {HTMLButtonElement} */ (item);
  button.addEventListener("click", () => end(button));
}

/** @param {HTMLButtonElement} button */
async function end(button) {
  if (!window.confirm(t("end_ask"))) return;
  button.disabled = true;
  try {
    await send(`/api/v1/directives/${encodeURIComponent(button.dataset.end ?? "")}/end`, null);
    location.reload();
  } catch (error) {
    toast(explain(error));
    button.disabled = false;
  }
}

const terms = document.getElementById("terms");
if (terms instanceof HTMLFormElement) {
  terms.addEventListener("submit", (event) => {
    event.preventDefault();
    sending(terms, () => setTerms(terms));
  });
}

/** @param {HTMLFormElement} form */
async function setTerms(form) {
  const given = Object.fromEntries(Array.from(new FormData(form), ([name, value]) => [name, String(value).trim()]));
  const { class_code, family, ...figures } = given;
  const numbers = Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, Number(value)]));
  await send("/api/v1/repeats/terms", { class_code, family, ...numbers });
  location.reload();
}
