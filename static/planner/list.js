// The list of drafts: begin one, open one.

import { byId, fill, h } from "../shared/dom.js";
import { explain, getJson, send } from "../shared/http.js";
import { dateTime, load, t } from "../shared/i18n.js";
import { LOOKS } from "./states.js";

const form = /** @type {HTMLFormElement} */ (byId("begin"));

await load("planner");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = new FormData(form);
  const id = crypto.randomUUID();
  const plan = given.get("from");
  try {
    await send("/api/v1/drafts", { id, name: String(given.get("name")).trim(), ...(plan && { from_plan: plan }) });
    location.assign(`/planner/drafts/${id}`);
  } catch (error) {
    trouble(error);
  }
});
await Promise.all([drafts(), plans()]).catch(trouble);

async function drafts() {
  const told = await getJson("/api/v1/drafts");
  /** @type {any[]} */
  const items = Array.isArray(told) ? told : (told.drafts ?? told.items);
  const rows = items.map((item) =>
    h(
      "li",
      {},
      h(
        "a",
        { href: `/planner/drafts/${item.id}` },
        h("span", { class: "title", text: item.name }),
        " ",
        h("span", { class: "badge", data: { state: LOOKS[item.state] ?? "draft" }, text: t(`state.${item.state ?? "draft"}`) }),
        h("span", { class: "meta", text: [item.base_plan && t("list.base", { number: item.base_plan.number }), item.by?.name, item.updated_at && dateTime(item.updated_at)].filter(Boolean).join(" · ") }),
      ),
    ),
  );
  fill(byId("drafts"), rows.length ? h("ul", { class: "list", id: "draft-list" }, rows) : h("p", { class: "empty card", text: t("list.none") }));
}

async function plans() {
  const told = await getJson("/api/v1/plans");
  /** @type {any[]} */
  const items = Array.isArray(told) ? told : (told.plans ?? told.items);
  byId("from").append(...items.map((item) => h("option", { value: item.id, text: [item.number, item.name].filter(Boolean).join(" · ") })));
}

/** @param {unknown} error */
function trouble(error) {
  const problem = byId("problem");
  problem.textContent = explain(error);
  problem.hidden = false;
}
