// The directory of bodies: keep one, take one out of use, check a file and take its good rows.

import { byId, fill, h } from "../shared/dom.js";
import { explain, send } from "../shared/http.js";
import { load, t } from "../shared/i18n.js";
import { newId } from "./ids.js";
import { say, sending } from "./problems.js";

await load("referrals");

const made = newId();

for (const item of document.querySelectorAll("form[data-body]")) {
  const form = /** @type {HTMLFormElement} */ (item);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sending(form, () => keep(form));
  });
}

for (const item of document.querySelectorAll("button[data-retire]")) {
  const button = /** @type {HTMLButtonElement} */ (item);
  button.addEventListener("click", () => retire(button));
}

/** @param {HTMLFormElement} form */
async function keep(form) {
  const said = new FormData(form);
  const text = (/** @type {string} */ name) => String(said.get(name) ?? "").trim();
  const body = {
    code: text("code"), name: text("name"), kind: text("kind"), duties: text("duties"),
    contact: text("contact"), phone: text("phone"), classes: said.getAll("classes"),
    answer_days: Number(text("answer_days")),
  };
  await send(`/api/v1/bodies/${form.dataset.body || made}`, body, { method: "PUT" });
  location.reload();
}

/** @param {HTMLButtonElement} button */
async function retire(button) {
  if (!confirm(t("bodies.retire"))) return;
  const form = /** @type {HTMLFormElement} */ (button.form);
  try {
    await send(`/api/v1/bodies/${button.dataset.retire}/retire`, null);
    location.reload();
  } catch (error) {
    say(form, explain(error));
  }
}

const form = document.getElementById("import");
if (form instanceof HTMLFormElement) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sending(form, () => look(form, false));
  });
  byId("take").addEventListener("click", () => sending(form, () => look(form, true)));
}

/**
 * @param {HTMLFormElement} from
 * @param {boolean} take
 */
async function look(from, take) {
  const file = /** @type {HTMLInputElement} */ (byId("file")).files?.[0];
  if (!file) return say(from, t("bodies.no_file"));
  const body = new FormData();
  body.set("file", file, file.name);
  body.set("take", String(take));
  const found = await send("/api/v1/bodies/import", body, { timeout: 120_000 });
  byId("import-state").textContent = take
    ? t("bodies.taken", { added: found.added, changed: found.changed })
    : t("bodies.good", { good: found.good, faults: found.faults.length });
  byId("take").hidden = take || !found.good;
  const rows = found.faults.map((/** @type {any} */ item) => h("li", { text: `${place(item.pointer)}: ${item.detail}` }));
  fill(byId("import-faults"), rows);
}

/** @param {string} pointer such as "row 7/phone" */
function place(pointer) {
  const [, row, column] = /^row (\d+)\/?(.*)$/.exec(pointer) ?? [];
  return [t("bodies.row", { row: row ?? "?" }), column].filter(Boolean).join(" · ");
}
