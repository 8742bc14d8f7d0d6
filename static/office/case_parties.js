// On the page of a case: who called, who is party, who saw it; for the police who see the case.

import { byId, fill, h } from "../shared/dom.js";
import { explain, getJson, send } from "../shared/http.js";
import { load, t } from "../shared/i18n.js";
import { newId } from "./ids.js";
import { sending } from "./problems.js";

/** @typedef {{id: string, part: string, part_title: string, name: string, number: string, linked: boolean}} Party */

await load("repeats");

const address = `/api/v1/cases/${encodeURIComponent(byId("case-parties").dataset.id ?? "")}/parties`;
const list = byId("case-parties-list");
const state = byId("case-parties-state");
const form = /** @type {HTMLFormElement} */ (byId("party-form"));
let id = newId();

form.addEventListener("input", () => (id = newId()));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  sending(form, async () => {
    const said = new FormData(form);
    await send(address, { id, name: String(said.get("name") ?? "").trim(), party: String(said.get("party") ?? "").trim(), part: said.get("part") });
    form.reset();
    id = newId();
    await show();
  });
});
await show();
form.dataset.ready = "";

async function show() {
  try {
    const found = /** @type {Party[]} */ (await getJson(address));
    state.textContent = found.length ? "" : t("party_none");
    fill(list, found.map(row));
  } catch (error) {
    state.textContent = explain(error);
  }
}

/** @param {Party} party */
function row(party) {
  const strike = h("button", { class: "btn push", type: "button", text: t("party_strike"), on: { click: () => void struck(party) } });
  return h(
    "li",
    { data: { party: party.id } },
    h(
      "div",
      { class: "item row" },
      h("span", { class: "title", text: party.name || t("party_nameless") }),
      h("span", { class: "badge", text: party.part_title }),
      party.number ? h("span", { class: "number muted", text: party.number }) : null,
      party.part === "caller" ? null : strike,
    ),
  );
}

/** @param {Party} party */
async function struck(party) {
  if (!confirm(t("party_strike_ask"))) return;
  try {
    await send(`${address}/${party.id}`, null, { method: "DELETE" });
    await show();
  } catch (error) {
    state.textContent = explain(error);
  }
}
