// Kinds of calls: the chief adds and changes them, and sets how fast each is answered.

import { byId } from "../shared/dom.js";
import { explain, send } from "../shared/http.js";
import { load, t } from "../shared/i18n.js";
import { newId } from "./ids.js";
import { sending } from "./problems.js";

await load("calls");

const API = "/api/v1/calls";

for (const each of document.querySelectorAll("form[data-kind], form[data-limit]")) {
  const form = /** @type {HTMLFormElement} */ (each);
  // Pressing again after a lost answer sets nothing twice.
  const id = newId();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sending(form, () => (form.dataset.limit ? setLimit(form, id) : keepKind(form)));
  });
}
for (const each of document.querySelectorAll("button[data-end]")) {
  const button = /** @type {HTMLButtonElement} */ (each);
  button.addEventListener("click", () => void end(button));
}
document.documentElement.dataset.ready = "kinds";

/** @param {HTMLFormElement} form */
async function keepKind(form) {
  const said = new FormData(form);
  const text = (/** @type {string} */ name) => String(said.get(name) ?? "").trim();
  const code = form.dataset.kind || text("code") || "-";
  const title = { zh: text("zh"), en: text("en") };
  const wish = { title, roles: said.getAll("roles"), position: Number(text("position")) || 100, in_use: said.has("in_use") };
  await send(`${API}/kinds/${encodeURIComponent(code)}`, wish, { method: "PUT" });
  location.reload();
}

/**
 * @param {HTMLFormElement} form
 * @param {string} id
 */
async function setLimit(form, id) {
  const said = new FormData(form);
  const [acknowledge_s, response_s] = [Number(said.get("acknowledge_s")), Number(said.get("response_s"))];
  await send(`${API}/kind-limits`, { id, kind: form.dataset.limit, acknowledge_s, response_s, valid_from: said.get("valid_from") });
  location.reload();
}

/** @param {HTMLButtonElement} button */
async function end(button) {
  const { today = "", from = "", end: id = "" } = button.dataset;
  const day = prompt(t("calls.kind_end"), today > from ? today : from);
  if (!day) return;
  const problem = byId("end-problem");
  problem.hidden = true;
  try {
    await send(`${API}/kind-limits/${id}/end`, { valid_to: day.trim() });
    location.reload();
  } catch (error) {
    problem.textContent = explain(error);
    problem.hidden = false;
  }
}
