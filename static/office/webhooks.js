// Webhooks: subscribe another system, change or remove it, send a test, send a message again.

import { byId, toast } from "../shared/dom.js";
import { explain, send } from "../shared/http.js";
import { load, t } from "../shared/i18n.js";
import { newId } from "./ids.js";
import { sending } from "./problems.js";

await load("office");

const form = /** @type {HTMLFormElement} */ (byId("subscribe"));
// Made once for the form: pressing the button again after a lost answer makes no second subscription.
const id = newId();
form.addEventListener("submit", (event) => {
  event.preventDefault();
  sending(form, subscribe);
});
byId("done").addEventListener("click", () => window.location.reload());

for (const item of document.querySelectorAll("form[data-change]")) {
  const changed = /** @type {HTMLFormElement} */ (item);
  changed.addEventListener("submit", (event) => {
    event.preventDefault();
    sending(changed, () => change(changed));
  });
}

for (const item of document.querySelectorAll("button[data-ping], button[data-remove], button[data-replay]")) {
  const button = /** @type {HTMLButtonElement} */ (item);
  button.addEventListener("click", () => press(button));
}

/** @param {HTMLFormElement} from */
function said(from) {
  const found = new FormData(from);
  return {
    label: String(found.get("label") ?? "").trim(),
    url: String(found.get("url") ?? "").trim(),
    events: found.getAll("events"),
  };
}

async function subscribe() {
  const made = await send("/api/v1/webhooks", { id, ...said(form) });
  if (!made.secret) return window.location.reload();
  byId("secret").textContent = made.secret;
  byId("new-secret").hidden = false;
  form.hidden = true;
  byId("done").focus();
}

/** @param {HTMLFormElement} changed */
async function change(changed) {
  const active = new FormData(changed).has("active");
  await send(changed.dataset.change ?? "", { ...said(changed), active }, { method: "PUT" });
  window.location.reload();
}

/**
 * One of the three buttons that need no form.
 * @param {HTMLButtonElement} button
 */
async function press(button) {
  const { ping, remove, replay, label } = button.dataset;
  if (remove && !window.confirm(t("webhooks.remove_ask", { label: label ?? "" }))) return;
  const problem = /** @type {HTMLElement | null} */ (button.closest("[data-hook]")?.querySelector("[data-hook-problem]"));
  if (problem) problem.hidden = true;
  button.disabled = true;
  try {
    await send(ping ?? remove ?? replay ?? "", null, { method: remove ? "DELETE" : "POST" });
    if (remove) return window.location.reload();
    toast(t("webhooks.on_its_way"));
  } catch (error) {
    if (problem) {
      problem.textContent = explain(error);
      problem.hidden = false;
    }
  }
  button.disabled = false;
}
