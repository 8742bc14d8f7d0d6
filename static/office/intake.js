// Calls and orders: hand a file in, keep a source, add to the register of addresses, try an address.

import { byId, fill, h, toast } from "../shared/dom.js";
import { explain, getJson, send } from "../shared/http.js";
import { load, number, t } from "../shared/i18n.js";
import { newId } from "./ids.js";
import { say, sending } from "./problems.js";

await load("intake");

const LONG_MS = 120_000;

for (const form of forms("form[data-source]")) listen(form, () => keepSource(form));
for (const form of forms("#send")) {
  listen(form, () => handIn(form));
  prepareDrop(form);
}
for (const form of forms("#addresses")) listen(form, () => addAddresses(form));
for (const form of forms("#geocode")) listen(form, () => lookUp(form));

/** @param {string} selector */
function forms(selector) {
  return /** @type {HTMLFormElement[]} */ (Array.from(document.querySelectorAll(selector)));
}

/**
 * @param {HTMLFormElement} form
 * @param {() => Promise<void>} act
 */
function listen(form, act) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sending(form, act);
  });
}

/**
 * @param {HTMLFormElement} form
 * @param {string} name
 */
function value(form, name) {
  return /** @type {HTMLInputElement} */ (form.elements.namedItem(name)).value.trim();
}

/**
 * Take a dropped file into the form's own file field, so that both ways end in one.
 * @param {HTMLFormElement} form
 */
function prepareDrop(form) {
  const drop = byId("drop");
  const input = /** @type {HTMLInputElement} */ (byId("file"));
  input.addEventListener("change", () => named(input));
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.dataset.over = "";
    });
  }
  drop.addEventListener("dragleave", () => delete drop.dataset.over);
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    delete drop.dataset.over;
    const files = event.dataTransfer?.files;
    if (files?.length) {
      input.files = files;
      named(input);
    }
  });
  form.addEventListener("reset", () => named(input));
}

/** @param {HTMLInputElement} input */
function named(input) {
  const file = input.files?.[0];
  if (file) byId("chosen").textContent = t("intake.chosen", { name: file.name, size: number(file.size / 1000, 0) });
}

/** @param {HTMLFormElement} form */
async function handIn(form) {
  const file = /** @type {HTMLInputElement} */ (byId("file")).files?.[0];
  if (!file) return say(form, t("intake.no_file"));
  const body = new FormData();
  body.append("source", value(form, "source"));
  body.append("id", newId());
  body.append("file", file, file.name);
  const made = await send("/api/v1/intake/uploads", body, { timeout: LONG_MS });
  location.assign(`/intake/uploads/${encodeURIComponent(made.id)}`);
}

/** @param {HTMLFormElement} form */
async function keepSource(form) {
  const body = {
    code: value(form, "code"),
    name: value(form, "name"),
    kind: value(form, "kind"),
    crs: value(form, "crs"),
    time_format: value(form, "time_format"),
    zone: value(form, "zone"),
    accuracy_m: Number(value(form, "accuracy_m")),
    default_class: value(form, "default_class"),
    keywords: keywords(value(form, "keywords")),
  };
  const id = form.dataset.source || newId();
  await send(`/api/v1/intake/sources/${encodeURIComponent(id)}`, body, { method: "PUT" });
  location.reload();
}

/**
 * Read the keyword table: one class a line, its words behind a colon.
 * @param {string} text
 */
function keywords(text) {
  const lines = text.split("\n").map((line) => line.split(/[:：]/, 2).map((part) => part.trim()));
  return lines
    .filter((parts) => parts.length === 2 && parts[0] && parts[1])
    .map(([code, words]) => ({ class: code, words: words.split(/[\s,，、;；]+/).filter(Boolean) }));
}

/** @param {HTMLFormElement} form */
async function addAddresses(form) {
  const file = /** @type {HTMLInputElement} */ (byId("list-file")).files?.[0];
  if (!file) return say(form, t("intake.no_file"));
  const body = new FormData();
  body.append("crs", value(form, "crs"));
  body.append("file", file, file.name);
  const made = await send("/api/v1/addresses", body, { timeout: LONG_MS });
  toast(t("intake.addresses_kept", { count: number(made.kept) }));
  form.reset();
}

/** @param {HTMLFormElement} form */
async function lookUp(form) {
  const asked = value(form, "q");
  if (asked.length < 2) return;
  const list = byId("found");
  try {
    const found = await getJson(`/api/v1/geocode?q=${encodeURIComponent(asked)}`);
    const items = found.candidates.map((/** @type {any} */ item) =>
      h(
        "li",
        {},
        h(
          "div",
          { class: "item" },
          h("span", { class: "title", text: item.label }),
          h("div", {
            class: "meta",
            text: t("intake.candidate", {
              precision: t(`intake.precision.${item.precision}`),
              accuracy: number(item.accuracy_m),
              score: number(item.score * 100),
            }),
          }),
        ),
      ),
    );
    fill(list, items.length ? items : h("li", {}, h("div", { class: "item muted", text: t("intake.nothing_found") })));
  } catch (error) {
    fill(list, h("li", {}, h("div", { class: "item error", text: explain(error) })));
  }
}
