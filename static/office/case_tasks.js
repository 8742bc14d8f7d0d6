// Tasks and look-backs of one case: what was asked for, what was found, and giving one more task.

import { byId, fill, h, toast } from "../shared/dom.js";
import { explain, getJson, send } from "../shared/http.js";
import { dateTime, load, t } from "../shared/i18n.js";
import { onNews } from "./case_live.js";
import { giveForm } from "./give_task.js";
import { newId } from "./ids.js";
import { result } from "./task_card.js";

await load("tasks");

const box = byId("case-tasks");
const caseId = box.dataset.case ?? "";
const state = byId("case-tasks-state");
const LOOKS = { planned: "queued", open: "reported", fine: "closed", failed: "rejected", cancelled: "withdrawn" };

async function look(free = () => true) {
  try {
    const found = await getJson(`/api/v1/cases/${caseId}/tasks`);
    if (!free()) return;
    const items = [...found.look_backs.map(lookBack), ...found.tasks.map(task)];
    fill(byId("case-tasks-list"), items);
    state.textContent = items.length ? "" : t("tasks.case.none");
  } catch (error) {
    state.textContent = explain(error);
  }
}

/** @param {any} each */
function lookBack(each) {
  const looks = /** @type {Record<string, string>} */ (LOOKS);
  const badge = h("span", { class: "badge", data: { state: looks[each.state] }, text: each.state_title });
  return h("li", {}, h("div", { class: "item stack" }, h("span", { class: "row" }, h("span", { class: "title", text: t("tasks.number", { n: each.number }) }), badge, h("span", { class: "muted push", text: each.due_on })), each.result ? result(each.result) : null));
}

/** @param {any} each */
function task(each) {
  const badge = h("span", { class: "badge", data: { state: each.part === "overdue" ? "overdue" : "queued" }, text: each.state_title });
  const meta = `${each.kind_title} · ${t("tasks.for", { name: each.receiver.name })} · ${t("tasks.until", { at: dateTime(each.due_until) })}`;
  return h("li", {}, h("div", { class: "item stack" }, h("span", { class: "row" }, h("span", { class: "title", text: each.words }), badge), h("span", { class: "meta", text: meta }), each.result ? result(each.result) : null));
}

/** The chief asks for one more look-back, on a day that nobody else is told. */
function askForm() {
  const day = h("input", { id: "look-back-on", type: "date" });
  const problem = h("p", { class: "error", role: "alert", hidden: true });
  const ask = async () => {
    try {
      await send(`/api/v1/cases/${caseId}/look-backs`, { id: newId(), due_on: day.value });
      toast(t("tasks.planned"));
      problem.hidden = true;
      await look();
    } catch (error) {
      problem.textContent = explain(error);
      problem.hidden = false;
    }
  };
  return h("div", { class: "stack" }, h("div", { class: "field" }, h("label", { for: day.id, text: t("tasks.one_more") }), day), problem, h("div", { class: "row" }, h("button", { class: "btn", type: "button", id: "ask-look-back", on: { click: ask } }, t("tasks.plan"))));
}

onNews("task", byId("case-tasks-list"), look);
await look();
const details = /** @type {HTMLDetailsElement} */ (byId("give"));
details.addEventListener("toggle", () => details.open && giveForm(caseId, () => void look()), { once: true });
if (box.dataset.chief && box.dataset.closed) box.append(askForm());
