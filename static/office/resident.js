// The resident's side of a case: what was added, and the contact data, whose reading is logged.

import { byId, h } from "../shared/dom.js";
import { explain, getJson, send } from "../shared/http.js";
import { dateTime, load, t } from "../shared/i18n.js";

await load("office");

const box = byId("resident");
const state = byId("resident-state");
const address = box.dataset.url ?? "";

try {
  const found = await getJson(address);
  state.textContent = found.contact ? t("resident.reachable") : found.notes.length ? "" : t("resident.none");
  byId("resident-notes").replaceChildren(...found.notes.map(note));
  const button = document.getElementById("resident-contact");
  if (button) button.hidden = !found.contact;
  button?.addEventListener("click", () => show(button));
} catch (error) {
  state.textContent = explain(error);
}

/** @param {{at: string, note: string, satisfied: boolean | null}} item */
function note(item) {
  const judged = item.satisfied === null ? "" : t(item.satisfied ? "resident.satisfied" : "resident.not_satisfied");
  return h("li", {}, judged && h("strong", { text: judged }), h("p", { class: "said", text: item.note }), h("div", { class: "muted", text: dateTime(item.at) }));
}

/** @param {HTMLElement} button */
async function show(button) {
  try {
    const told = await send(`${address}/contact`, null);
    const list = byId("resident-told");
    const call = h("a", { href: `tel:${told.phone.replace(/[^+0-9]/g, "")}`, text: told.phone });
    list.replaceChildren(
      ...[
        h("dt", { text: t("resident.phone") }), h("dd", {}, call),
        h("dt", { text: t("resident.name") }), h("dd", { text: told.name }),
        h("dt", { text: t("resident.until") }), h("dd", { text: dateTime(told.keep_until) }),
      ],
    );
    list.hidden = false;
    button.hidden = true;
  } catch (error) {
    state.textContent = explain(error);
  }
}
