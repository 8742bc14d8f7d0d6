// Who sent a case by Open311: what was added later, and the contact data, whose reading is logged.

import { byId, h } from "../shared/dom.js";
import { explain, getJson, send } from "../shared/http.js";
import { dateTime, load, t } from "../shared/i18n.js";

await load("office");

const box = byId("sender");
const state = byId("sender-state");
const address = box.dataset.url ?? "";

try {
  const found = await getJson(address);
  state.textContent = found.contact ? t("sender.reachable") : found.notes.length ? "" : t("sender.none");
  byId("sender-notes").replaceChildren(...found.notes.map(note));
  const button = document.getElementById("sender-contact");
  if (button) button.hidden = !found.contact;
  button?.addEventListener("click", () => show(button));
} catch (error) {
  state.textContent = explain(error);
}

/** @param {{at: string, note: string}} item */
function note(item) {
  return h("li", {}, h("p", { class: "said", text: item.note }), h("div", { class: "muted", text: dateTime(item.at) }));
}

/** @param {HTMLElement} button */
async function show(button) {
  try {
    const told = await send(`${address}/contact`, null);
    const list = byId("sender-told");
    const { first_name, last_name, phone, email } = told.contact;
    const name = [first_name, last_name].filter(Boolean).join(" ");
    list.replaceChildren(
      ...fact(t("sender.name"), name),
      ...fact(t("sender.phone"), phone && h("a", { href: `tel:${phone.replace(/[^+0-9]/g, "")}`, text: phone })),
      ...fact(t("sender.email"), email),
      ...fact(t("sender.device"), told.device_id),
      ...fact(t("sender.account"), told.account_id),
      ...Object.entries(told.other).flatMap(([field, value]) => fact(field, value)),
    );
    list.hidden = false;
    button.hidden = true;
  } catch (error) {
    state.textContent = explain(error);
  }
}

/**
 * A line of the list; nothing said, no line.
 * @param {string} title
 * @param {string | HTMLElement | undefined} value
 */
function fact(title, value) {
  if (!value) return [];
  return [h("dt", { text: title }), typeof value === "string" ? h("dd", { text: value }) : h("dd", {}, value)];
}
