// Between where and what it looks like: is it one of those that are known already?

import { fill, h, icon } from "../shared/dom.js";
import { explain, send } from "../shared/http.js";
import { dateTime, number, t } from "../shared/i18n.js";
import { discard, draft } from "./draft.js";
import { refuse, same } from "./nearby.js";
import { alertBox, button, buttonLink, steps } from "./parts.js";

/** @typedef {import("./nearby.js").Nearby} Nearby */
/** @typedef {import("./context.js").Context} Context */

/** @type {import("./context.js").Screen} */
export async function sameScreen(root, context) {
  const present = draft();
  if (!present) return context.go("#/what");
  const found = await same(present);
  if (!found.length) return context.go("#/details");
  const complaint = h("div", { role: "alert" });
  const other = button(
    t("same.other"),
    () => {
      refuse(found);
      context.go("#/details");
    },
    { primary: true, id: "another" },
  );
  fill(
    root,
    steps("where"),
    h("h1", { tabindex: "-1", text: t("same.title") }),
    h("p", { text: t("same.words", { title: present.class_title }) }),
    complaint,
    h("ul", { class: "list same" }, found.map((item) => card(item, context, complaint))),
    h("div", { class: "action-bar" }, buttonLink("#/where", t("back")), other),
  );
}

/**
 * @param {Nearby} item
 * @param {Context} context
 * @param {HTMLElement} complaint
 */
function card(item, context, complaint) {
  const picture = item.thumbnail ? h("img", { class: "thumb", src: item.thumbnail, alt: "" }) : h("span", { class: "thumb" }, icon(context.classes.find((each) => each.code === draft()?.class_code)?.icon ?? "other"));
  const words = h(
    "span",
    { class: "mine-text" },
    h("span", { class: "title", text: t("same.away", { metres: number(item.distance_m) }) }),
    h("span", { class: "muted", text: dateTime(item.found_at) }),
    h("span", { class: "badge", data: { state: item.state }, text: item.state_title }),
    h("span", { class: "number muted", text: item.number }),
  );
  return h("li", { data: { case: item.id } }, h("div", { class: "mine-item" }, picture, words), action(item, context, complaint));
}

/**
 * @param {Nearby} item
 * @param {Context} context
 * @param {HTMLElement} complaint
 */
function action(item, context, complaint) {
  if (item.mine) return buttonLink(`#/case/${item.id}`, t("same.mine"));
  if (item.voiced) return buttonLink(`#/voice/${item.id}`, t("same.voiced"));
  const voice = button(t("same.voice"), () => speak(voice, item, context, complaint));
  return voice;
}

/**
 * @param {HTMLButtonElement} control
 * @param {Nearby} item
 * @param {Context} context
 * @param {HTMLElement} complaint
 */
async function speak(control, item, context, complaint) {
  if (control.disabled) return;
  control.disabled = true;
  control.setAttribute("aria-busy", "true");
  try {
    await send(`/api/v1/cases/${item.id}/voices`, { note: draft()?.note.trim().slice(0, 500) ?? "" });
    await discard();
    context.go(`#/voiced/${encodeURIComponent(item.number)}`);
  } catch (error) {
    fill(complaint, alertBox(`${explain(error)} ${t("same.failed")}`, "error"));
    control.disabled = false;
    control.removeAttribute("aria-busy");
  }
}

/** @type {import("./context.js").Screen} */
export async function voicedScreen(root, _context, caseNumber) {
  fill(
    root,
    h(
      "section",
      { class: "receipt", role: "status" },
      icon("check"),
      h("h1", { tabindex: "-1", text: t("voiced.title") }),
      h("p", { class: "muted", text: t("receipt.number") }),
      h("p", { class: "case-number", text: caseNumber }),
    ),
    h("p", { text: t("voiced.then") }),
    h("div", { class: "action-bar" }, buttonLink("#/mine", t("mine.title")), buttonLink("#/what", t("report.another"), { primary: true })),
  );
}
