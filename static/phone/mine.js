// My reports: what waits on this phone, what the station has, what I added my voice to, and how far each has come.

import { fill, h, icon } from "../shared/dom.js";
import { explain, getJson } from "../shared/http.js";
import { dateTime, language, number, t } from "../shared/i18n.js";
import { alertBox, button, buttonLink } from "./parts.js";
import * as store from "./store.js";

/** @typedef {import("./records.js").Report} Report */
/** @typedef {import("./context.js").Context} Context */

const PAGE = 30;
const BADGES = { unsent: "queued", kept: "quarantined", draft: "draft", sent: "sent" };

/** @type {import("./context.js").Screen} */
export async function mineScreen(root, context) {
  const local = (await store.reportsOf(context.person)).filter((report) => report.state !== "sent");
  const thumbs = await Promise.all(local.map(firstPhoto));
  const list = h("ul", { class: "list mine", id: "mine" }, local.map((report, i) => localItem(report, thumbs[i], context)));
  const below = h("div", { class: "stack" });
  const voices = h("div", { class: "stack" });
  const thanks = h("a", { class: "card points-link", href: "#/points", hidden: true });
  fill(
    root,
    h("h1", { tabindex: "-1", text: t("mine.title") }),
    thanks,
    list,
    below,
    voices,
    h("div", { class: "action-bar" }, buttonLink("#/map", t("ground.title")), buttonLink("#/what", t("report.new"), { primary: true })),
  );
  await more(list, below, null, context);
  await Promise.all([voiced(voices, context), thank(thanks, context)]);
  const fresh = () => document.visibilityState === "visible" && context.again();
  document.addEventListener("visibilitychange", fresh);
  return () => {
    document.removeEventListener("visibilitychange", fresh);
    for (const address of thumbs) if (address) URL.revokeObjectURL(address);
  };
}

/**
 * A page of my reports as the station has them; the first one is kept for the time without a network.
 * @param {Context} context
 * @param {string | null} [cursor]
 */
export function myCases(context, cursor = null) {
  const wanted = new URLSearchParams({ mine: "true", limit: String(PAGE) });
  if (cursor) wanted.set("cursor", cursor);
  const address = `/api/v1/cases?${wanted}`;
  return cursor ? getJson(address) : store.freshOrKept(address, `${context.person} ${language()}`);
}

/**
 * Add a page of the station's list; when the network fails, what is there stays. The first page is kept.
 * @param {HTMLElement} list
 * @param {HTMLElement} below
 * @param {string | null} cursor
 * @param {Context} context
 */
async function more(list, below, cursor, context) {
  try {
    const page = await myCases(context, cursor);
    list.append(...page.cases.map((/** @type {any} */ each) => caseItem(each, context)));
    fill(below, page.next ? button(t("mine.more"), () => more(list, below, page.next, context)) : null);
    if (!list.children.length) fill(below, h("p", { class: "empty", text: t("mine.empty") }));
  } catch (error) {
    fill(below, alertBox(explain(error), "error"), button(t("again"), () => more(list, below, cursor, context)));
  }
  list.hidden = !list.children.length;
}

/**
 * @param {HTMLElement} place
 * @param {Context} context
 */
async function voiced(place, context) {
  const found = await store.freshOrKept("/api/v1/voices", `${context.person} ${language()}`).catch(() => []);
  if (!found.length) return;
  const items = found.map((/** @type {any} */ each) => {
    const badge = h("span", { class: "badge", data: { state: each.state }, text: each.state_title });
    return item(`#/voice/${each.id}`, each.class_title, badge, [each.police_grid, dateTime(each.voiced_at)], null, drawingOf(context, each.class_code));
  });
  fill(place, h("h2", { text: t("mine.voices") }), h("ul", { class: "list mine", id: "voices" }, items));
}

/**
 * @param {HTMLElement} link
 * @param {Context} context
 */
async function thank(link, context) {
  const { total } = await store.freshOrKept("/api/v1/points", `${context.person} ${language()}`).catch(() => ({ total: 0 }));
  link.hidden = !total;
  fill(link, icon("star"), h("span", { text: t("points.sum", { n: number(total) }) }));
}

/** @param {Report} report */
async function firstPhoto(report) {
  const [photo] = await store.photosOf(report.id);
  return photo ? URL.createObjectURL(photo.blob) : null;
}

/**
 * @param {Report} report
 * @param {string | null} thumb
 * @param {Context} context
 */
function localItem(report, thumb, context) {
  const badge = h("span", { class: "badge", data: { state: BADGES[report.state] }, text: t(`local.${report.state}`) });
  const address = report.state === "draft" ? "#/details" : `#/result/${report.id}`;
  return item(address, report.class_title, badge, [dateTime(report.found_at)], thumb, drawingOf(context, report.class_code));
}

/**
 * @param {any} found
 * @param {Context} context
 */
function caseItem(found, context) {
  // A merged report stands where its leading case stands.
  const told = found.lead ?? found;
  const badge = h("span", { class: "badge", data: { state: told.state }, text: told.state_title });
  const photo = found.attachments.find((/** @type {any} */ each) => each.purpose === "found" && !each.damaged);
  const words = [found.police_grid.name, dateTime(found.found_at)];
  return item(`#/case/${found.id}`, found.class_title, badge, words, photo?.thumbnail_url, drawingOf(context, found.class_code));
}

/**
 * @param {string} address
 * @param {string} title
 * @param {HTMLElement} badge
 * @param {string[]} words
 * @param {string | null | undefined} picture
 * @param {string} drawing of its class, where there is no photo
 */
function item(address, title, badge, words, picture, drawing) {
  const thumb = picture ? h("img", { class: "thumb", src: picture, alt: "", loading: "lazy" }) : h("span", { class: "thumb" }, icon(drawing));
  const text = h(
    "span",
    { class: "mine-text" },
    h("span", { class: "title", text: title }),
    words.map((each) => h("span", { class: "muted", text: each })),
    badge,
  );
  return h("li", {}, h("a", { class: "mine-item", href: address }, thumb, text));
}

/**
 * @param {Context} context
 * @param {string} code
 */
function drawingOf(context, code) {
  return context.classes.find((each) => each.code === code)?.icon ?? "other";
}
