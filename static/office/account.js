// My account: remove devices, add one with a token of its own, set up another phone by QR.

import { byId, toast } from "../shared/dom.js";
import { explain, send } from "../shared/http.js";
import { load, t } from "../shared/i18n.js";
import { sending } from "./problems.js";
import { newId } from "./ids.js";

await load("office");

for (const button of document.querySelectorAll("[data-revoke]")) {
  button.addEventListener("click", () => revoke(/** @type {HTMLButtonElement} */ (button)));
}
byId("invite").addEventListener("click", invite);
byId("copy-token").addEventListener("click", copyToken);

const form = /** @type {HTMLFormElement} */ (byId("add-device"));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  sending(form, addDevice);
});

const formApp = /** @type {HTMLFormElement} */ (byId("add-form-app"));
formApp.addEventListener("submit", (event) => {
  event.preventDefault();
  sending(formApp, addFormApp);
});

/** @param {HTMLButtonElement} button */
async function revoke(button) {
  const label = button.dataset.label ?? "";
  if (!window.confirm(t("account.remove_ask", { label }))) return;
  const problem = byId("devices-problem");
  problem.hidden = true;
  button.disabled = true;
  try {
    await send(`/api/v1/devices/${button.dataset.revoke}`, null, { method: "DELETE" });
  } catch (error) {
    button.disabled = false;
    problem.textContent = explain(error);
    problem.hidden = false;
    return;
  }
  button.closest("li")?.remove();
  byId("no-devices").hidden = Boolean(document.querySelector("[data-revoke]"));
  toast(t("account.removed", { label }));
}

async function addDevice() {
  const said = new FormData(form);
  const body = { id: newId(), label: String(said.get("label") ?? "").trim(), scope: said.get("scope") };
  const made = await send("/api/v1/devices", body);
  byId("token").textContent = made.token;
  byId("new-token").hidden = false;
  byId("copy-token").focus();
  form.hidden = true;
}

async function addFormApp() {
  const label = String(new FormData(formApp).get("label") ?? "").trim();
  const made = await send("/api/v1/form-apps", { id: newId(), label });
  draw("form-app-qr", made.qr_svg);
  byId("form-app-url").textContent = made.url;
  byId("form-app-loopback").hidden = !leadsHere(made.url);
  byId("form-app").hidden = false;
  formApp.hidden = true;
}

/**
 * @param {string} id
 * @param {string} svg
 */
function draw(id, svg) {
  const drawing = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
  byId(id).replaceChildren(document.importNode(drawing, true));
}

/** @param {string} url */
function leadsHere(url) {
  return ["127.0.0.1", "localhost", "[::1]"].includes(new URL(url).hostname);
}

async function copyToken() {
  const token = byId("token");
  try {
    await navigator.clipboard.writeText(token.textContent ?? "");
    toast(t("account.copied"));
  } catch {
    // Without HTTPS browsers keep the clipboard closed: the text is marked for copying by hand.
    window.getSelection()?.selectAllChildren(token);
    toast(t("account.copy_by_hand"));
  }
}

async function invite() {
  const button = /** @type {HTMLButtonElement} */ (byId("invite"));
  const problem = byId("invite-problem");
  problem.hidden = true;
  button.disabled = true;
  try {
    const made = await send("/api/v1/phone-invitations", {});
    draw("qr", made.qr_svg);
    byId("qr-url").textContent = made.url;
    byId("qr-loopback").hidden = !leadsHere(made.url);
    byId("invitation").hidden = false;
    button.textContent = t("account.new_code");
  } catch (error) {
    problem.textContent = explain(error);
    problem.hidden = false;
  } finally {
    button.disabled = false;
  }
}
