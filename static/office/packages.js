// Packages between networks: partners and their keys, packing, taking.

import { send } from "../shared/http.js";
import { load, t } from "../shared/i18n.js";
import { newId } from "./ids.js";
import { say, sending } from "./problems.js";

await load("office");

on("form[data-add-partner]", async (form) => {
  const given = new FormData(form);
  const made = await send("/api/v1/partners", { id: newId(), name: given.get("name"), public_key: given.get("public_key") });
  const said = form.querySelector("[data-said]");
  if (said) said.textContent = t("packages.partner_added", { fingerprint: made.fingerprint });
});

on("form[data-pack]", async (form) => {
  const given = new FormData(form);
  const until = String(given.get("until") ?? "");
  await send("/api/v1/packages", {
    id: newId(),
    contents: given.getAll("contents"),
    since: given.get("since") || null,
    until: until ? dayAfter(until) : null,
  }, { timeout: 300_000 });
  location.reload();
});

on("form[data-take]", async (form) => {
  const file = /** @type {File | null} */ (new FormData(form).get("package"));
  if (!file || !file.size) return say(form, t("packages.choose"));
  await send("/api/v1/packages/take", new FormData(form), { timeout: 300_000 });
  location.reload();
});

for (const button of document.querySelectorAll("[data-revoke]")) {
  if (!(button instanceof HTMLButtonElement)) continue;
  button.addEventListener("click", async () => {
    if (!confirm(t("packages.revoke_ask", { name: button.dataset.name ?? "" }))) return;
    button.disabled = true;
    await send(`/api/v1/partners/${button.dataset.revoke}`, null, { method: "DELETE" });
    button.closest("[data-partner]")?.remove();
  });
}

/**
 * Do something when a form is sent; what is wrong is said in the form.
 * @param {string} selector
 * @param {(form: HTMLFormElement) => Promise<void>} act
 */
function on(selector, act) {
  const form = /** @type {HTMLFormElement | null} */ (document.querySelector(selector));
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    sending(form, () => act(form));
  });
}

/** @param {string} day */
function dayAfter(day) {
  const next = new Date(`${day}T00:00:00Z`);
  next.setUTCDate(next.getUTCDate() + 1);
  return next.toISOString().slice(0, 10);
}
