// On a case's page: the attempts made, and the hand-over to another body with receipt and answer.

import { byId, fill, h } from "../shared/dom.js";
import { explain, getJson, send } from "../shared/http.js";
import { dateTime, load, t } from "../shared/i18n.js";
import { onNews } from "./case_live.js";
import { newId } from "./ids.js";
import { smaller } from "./photo.js";
import { sending } from "./problems.js";

await load("referrals");

const WAYS = ["hand", "courier", "fax", "platform", "phone"];
const ANSWERS = ["accepted", "done", "refused"];

/** What each step asks: controls by name. */
const ASKED = {
  deliver: () => [choice("how", WAYS, "way"), line("to", 60)],
  note_receipt: () => [line("number", 60), day("on"), picture()],
  note_answer: () => [choice("answer", ANSWERS, "answer"), line("words", 2000), picture()],
  recall: () => [line("words", 500)],
};
const ADDRESS = { deliver: "deliver", note_receipt: "receipt", note_answer: "answer", recall: "recall" };

const attempts = byId("attempts");
const referrals = byId("referrals");
const attemptForm = /** @type {HTMLFormElement} */ (byId("attempt-form"));
const prepareForm = /** @type {HTMLFormElement} */ (byId("prepare-form"));
// Made once for what is being written: sending again after a lost answer makes no second one.
let attemptId = newId();
const formId = newId();

attemptForm.addEventListener("submit", (event) => {
  event.preventDefault();
  sending(attemptForm, logAttempt);
});
prepareForm.addEventListener("submit", (event) => {
  event.preventDefault();
  sending(prepareForm, prepare);
});
byId("with-reporter").addEventListener("change", (event) => {
  byId("reporter-fields").hidden = !(/** @type {HTMLInputElement} */ (event.target).checked);
});

onNews("case", attempts, () => drawn("attempts-state", showAttempts));
onNews("case", referrals, (free) => drawn("referrals-state", () => showReferrals(free)));
await Promise.all([drawn("attempts-state", showAttempts), drawn("referrals-state", showReferrals)]);

/**
 * @param {string} state
 * @param {() => Promise<void>} act
 */
async function drawn(state, act) {
  try {
    await act();
  } catch (error) {
    byId(state).textContent = explain(error);
  }
}

async function showAttempts() {
  tellAttempts(await getJson(attempts.dataset.url ?? ""));
}

/** @param {any} found */
function tellAttempts(found) {
  const state = byId("attempts-state");
  state.textContent = found.count
    ? t("attempts.count", { count: found.count, at: dateTime(found.last_at) })
    : t("attempts.none");
  fill(byId("attempts-list"), found.attempts.map(attemptLine));
  const options = found.results.map((/** @type {any} */ item) => h("option", { value: item.code, text: item.title }));
  fill(byId("attempt-result"), options);
  document.getElementById("non-police")?.remove();
  if (attempts.dataset.marks) attempts.append(markButton(found.non_police));
}

/** @param {any} item */
function attemptLine(item) {
  return h(
    "li",
    {},
    h("strong", { text: item.title }),
    h("div", { class: "muted", text: [dateTime(item.at), item.person].filter(Boolean).join(" · ") }),
    item.words && h("p", { class: "said", text: item.words }),
  );
}

/** @param {boolean} marked */
function markButton(marked) {
  const press = async () => {
    try {
      await send(attempts.dataset.mark ?? "", { marked: !marked }, { method: "PUT" });
      await showAttempts();
    } catch (error) {
      byId("attempts-state").textContent = explain(error);
    }
  };
  const text = t(marked ? "mark.clear" : "mark.set");
  const badge = marked && h("span", { class: "badge", data: { state: "transferred" }, text: t("mark.is") });
  const button = h("button", { class: "btn push", type: "button", text, on: { click: press } });
  return h("div", { class: "row", id: "non-police" }, badge, button);
}

async function logAttempt() {
  const said = new FormData(attemptForm);
  const at = String(said.get("at") ?? "");
  const place = said.has("here") ? await position() : {};
  const body = {
    id: attemptId,
    result: String(said.get("result") ?? ""),
    // What is typed is China's time, whatever the phone is set to.
    at: at ? `${at}:00+08:00` : new Date().toISOString(),
    words: String(said.get("words") ?? "").trim(),
    ...place,
  };
  tellAttempts(await send(attempts.dataset.url ?? "", body));
  attemptId = newId();
  attemptForm.reset();
}

/** Where the phone is; nothing when it does not say within ten seconds. */
function position() {
  return new Promise((resolve) => {
    const found = (/** @type {GeolocationPosition} */ fix) =>
      resolve({ lon: fix.coords.longitude, lat: fix.coords.latitude, accuracy_m: fix.coords.accuracy });
    if (!navigator.geolocation) resolve({});
    else navigator.geolocation.getCurrentPosition(found, () => resolve({}), { timeout: 10_000, maximumAge: 60_000 });
  });
}

async function showReferrals(free = () => true) {
  const found = await getJson(referrals.dataset.url ?? "");
  if (!free()) return;
  byId("referrals-state").textContent = found.referrals.length ? "" : t("referrals.none");
  fill(byId("referrals-list"), found.referrals.map((/** @type {any} */ item) => referral(item, found.steps)));
  byId("prepare").hidden = !found.may_prepare;
  const label = (/** @type {any} */ body) => t("referrals.body", { name: body.name, days: body.answer_days });
  const options = found.bodies.map((/** @type {any} */ body) => h("option", { value: body.id, text: label(body) }));
  fill(byId("prepare-body"), options);
}

async function prepare() {
  const said = new FormData(prepareForm);
  const told = said.has("with_reporter");
  await send(referrals.dataset.url ?? "", {
    id: formId,
    body_id: String(said.get("body_id") ?? ""),
    facts: String(said.get("facts") ?? "").trim(),
    photos: said.getAll("photos").map(Number),
    with_reporter: told,
    reporter: told ? String(said.get("reporter") ?? "") : "",
    reason: told ? String(said.get("reason") ?? "") : "",
  });
  location.reload();
}

/**
 * @param {any} item
 * @param {string[]} steps
 */
function referral(item, steps) {
  const open = item.ended_at === null;
  const lines = [
    [t("referrals.made"), dateTime(item.made_at)],
    item.delivered_at && [t("referrals.delivered"), `${dateTime(item.delivered_at)} · ${item.delivered_how} · ${item.delivered_to}`],
    item.due_at && open && [t("referrals.due"), dateTime(item.due_at)],
    item.receipt_number && [t("referrals.receipt"), `${item.receipt_number} · ${item.receipt_on}`],
    item.answer && [t("referrals.answer"), `${item.answer_title}: ${item.answer_words}`],
    item.recall_words && [t("referrals.recalled"), item.recall_words],
  ].filter(Boolean);
  const tone = item.group === "late" ? "overdue" : open ? "queued" : "closed";
  return h(
    "article",
    { class: "stack" },
    h("div", { class: "row" }, h("strong", { text: item.body.name }), h("span", { class: "badge", data: { state: tone }, text: item.state_title })),
    h("div", { class: "row" }, h("a", { href: item.form_url, text: t("referrals.form", { number: item.number }) }),
      item.receipt_url && h("a", { href: item.receipt_url, text: t("referrals.scan") }),
      item.answer_url && h("a", { href: item.answer_url, text: t("referrals.picture") })),
    h("dl", { class: "facts" }, lines.flatMap(([name, text]) => [h("dt", { text: name }), h("dd", { class: "said", text })])),
    open && steps.map((step) => stepForm(item, step)),
  );
}

/**
 * @param {any} item
 * @param {string} step
 */
function stepForm(item, step) {
  const name = /** @type {keyof typeof ASKED} */ (step);
  const form = h("form", { class: "stack", novalidate: true, data: { step } }, ASKED[name](),
    h("p", { class: "alert", data: { tone: "error", formProblem: "" }, role: "alert", hidden: true }),
    h("div", { class: "row" }, h("button", { class: "btn", type: "submit", text: t(`step.${step}`) })));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sending(form, () => take(form, `/api/v1/referrals/${item.id}/${ADDRESS[name]}`, step));
  });
  return h("details", {}, h("summary", { text: t(`step.${step}`) }), form);
}

/**
 * @param {HTMLFormElement} form
 * @param {string} address
 * @param {string} step
 */
async function take(form, address, step) {
  const said = new FormData(form);
  const photo = said.get("photo");
  said.delete("photo");
  if (photo instanceof File && photo.size) said.set("photo", await smaller(photo), photo.name);
  const asForm = step === "note_receipt" || step === "note_answer";
  await send(address, asForm ? said : Object.fromEntries(said), { timeout: 120_000 });
  location.reload();
}

/**
 * @param {string} name
 * @param {HTMLElement} control
 */
function field(name, control) {
  control.id = `${name}-${newId().slice(0, 8)}`;
  control.dataset.pointer = `/${name}`;
  return h("div", { class: "field" }, h("label", { for: control.id, text: t(`field.${name}`) }), control);
}

/**
 * @param {string} name
 * @param {string[]} values
 * @param {string} words
 */
function choice(name, values, words) {
  return field(name, h("select", { name }, values.map((value) => h("option", { value, text: t(`${words}.${value}`) }))));
}

/**
 * @param {string} name
 * @param {number} most
 */
function line(name, most) {
  return field(name, h("input", { name, maxlength: most, autocomplete: "off" }));
}

/** @param {string} name */
function day(name) {
  const today = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai" }).format(new Date());
  return field(name, h("input", { name, type: "date", value: today }));
}

function picture() {
  return field("photo", h("input", { name: "photo", type: "file", accept: "image/jpeg,image/png,image/webp" }));
}
