// What waits on this phone: each report with its reason, sending now, and the ways out by file.

import { fill, h, toast } from "../shared/dom.js";
import { dateTime, number, t } from "../shared/i18n.js";
import { giveFile, loadReceipt } from "./handin.js";
import { alertBox, button, buttonLink } from "./parts.js";
import { isSending, queueNow } from "./queue.js";
import { additionsLeft, fact, originalsLeft, setFact } from "./sender.js";
import * as store from "./store.js";

/** @typedef {import("./records.js").Report} Report */
/** @typedef {import("./context.js").Context} Context */

/** Below this a phone soon refuses the next photo. */
const LITTLE_BYTES = 30_000_000;

/** @type {import("./context.js").Screen} */
export async function waitingScreen(root, context) {
  const all = (await store.everyReport()).filter((report) => report.state === "unsent");
  const mine = all.filter((report) => report.person === context.person);
  const originals = await originalsLeft();
  const added = (await additionsLeft()).filter((each) => each.person === context.person);
  const nothing = !all.length && !originals.length && !added.length;
  fill(
    root,
    h("h1", { tabindex: "-1", text: t("outbox.title") }),
    nothing ? h("p", { class: "empty", text: t("outbox.empty") }) : h("p", { text: t("outbox.words") }),
    h("ul", { class: "list mine", hidden: !mine.length }, mine.map(item)),
    h("ul", { class: "list mine", id: "waiting-additions", hidden: !added.length }, added.map(addition)),
    all.length > mine.length ? alertBox(t("others.count", { n: all.length - mine.length }), "warning") : null,
    originals.length ? h("p", { class: "originals", text: t("originals.count", { n: originals.length }) }) : null,
    await wifiChoice(),
    await room(),
    nothing ? null : sendNow(context, originals.length > 0),
    byFile(context, mine.length + originals.length > 0),
    h("div", { class: "action-bar" }, buttonLink("#/mine", t("mine.title")), buttonLink("#/what", t("report.new"), { primary: true })),
  );
}

/** @param {Report} report */
function item(report) {
  const badge = h("span", { class: "badge", data: { state: "queued" }, text: t("local.unsent") });
  const next = report.next_at && report.next_at > Date.now() ? t("outbox.next", { at: dateTime(report.next_at) }) : "";
  const words = [dateTime(report.found_at), report.error, next].filter(Boolean);
  const text = h(
    "span",
    { class: "mine-text" },
    h("span", { class: "title", text: report.class_title }),
    words.map((each) => h("span", { class: "muted", text: each })),
    badge,
  );
  return h("li", {}, h("a", { class: "mine-item", href: `#/result/${report.id}` }, text));
}

/** @param {import("./records.js").Addition} added */
function addition(added) {
  const badge = h("span", { class: "badge", data: { state: "queued" }, text: t("local.unsent") });
  const text = h(
    "span",
    { class: "mine-text" },
    h("span", { class: "title", text: added.task?.title || added.note || t("more.photo") }),
    h("span", { class: "muted", text: `${t(added.task ? "task.result" : "more.title")} · ${dateTime(added.at)}` }),
    badge,
  );
  const address = added.task ? `#/task/${added.task.id}` : `#/case/${added.case_id}`;
  return h("li", {}, h("a", { class: "mine-item", href: address }, text));
}

/**
 * @param {Context} context
 * @param {boolean} originals
 */
function sendNow(context, originals) {
  const control = button(
    t(originals ? "outbox.send.photos" : "outbox.send"),
    async () => {
      control.disabled = true;
      control.setAttribute("aria-busy", "true");
      await queueNow({ force: true });
      context.again();
    },
    { drawing: "send", id: "send-waiting" },
  );
  control.disabled = isSending();
  return control;
}

/** The choice that originals wait for a network that costs nothing. */
async function wifiChoice() {
  const input = h("input", {
    type: "checkbox",
    id: "wifi-only",
    checked: Boolean(await fact("wifi_only")),
    on: { change: () => setFact("wifi_only", input.checked).then(() => queueNow()) },
  });
  return h("label", { class: "choice" }, input, h("span", { text: t("outbox.wifi") }));
}

/** How much room the phone has, when that is little. */
async function room() {
  try {
    const { quota = 0, usage = 0 } = await navigator.storage.estimate();
    if (!quota || quota - usage > LITTLE_BYTES) return null;
    return alertBox(t("outbox.room", { mb: number((quota - usage) / 1_000_000) }), "warning");
  } catch {
    return null;
  }
}

/**
 * @param {Context} context
 * @param {boolean} some whether there is something to hand in
 */
function byFile(context, some) {
  const input = h("input", {
    type: "file",
    id: "load-receipt",
    accept: ".json,application/json",
    on: { change: () => receiptChosen(input, context) },
  });
  const save = button(t("outbox.save"), () => giveFile(context.holder), { id: "save-file" });
  return h(
    "details",
    { class: "card by-file" },
    h("summary", { text: t("outbox.file") }),
    h("p", { text: t("outbox.file.words") }),
    h("div", { class: "row" }, some ? save : null, h("label", { class: "btn photo-button" }, input, h("span", { text: t("outbox.receipt") }))),
  );
}

/**
 * @param {HTMLInputElement} input
 * @param {Context} context
 */
async function receiptChosen(input, context) {
  const [file] = input.files ?? [];
  if (!file) return;
  const settled = await loadReceipt(file);
  toast(settled === null ? t("outbox.receipt.bad") : t("outbox.receipt.done", { n: settled }));
  context.again();
}
