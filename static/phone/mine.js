// My reports: what waits on this phone, what the station has, and how far each has come.

import { fill, h } from "../shared/dom.js";
import { explain, getJson } from "../shared/http.js";
import { dateTime, t } from "../shared/i18n.js";
import { alertBox, button, buttonLink, facts } from "./parts.js";
import * as store from "./store.js";

/** @typedef {import("./records.js").Report} Report */
/** @typedef {import("./context.js").Context} Context */

const PAGE = 30;
const BADGES = { unsent: "queued", kept: "quarantined", draft: "draft", sent: "sent" };

/** @type {import("./context.js").Screen} */
export async function mineScreen(root, context) {
  const local = (await store.reportsOf(context.person)).filter((report) => report.state !== "sent");
  const thumbs = await Promise.all(local.map(firstPhoto));
  const list = h("ul", { class: "list mine", id: "mine" }, local.map((report, i) => localItem(report, thumbs[i])));
  const below = h("div", { class: "stack" });
  fill(
    root,
    h("h1", { tabindex: "-1", text: t("mine.title") }),
    list,
    below,
    h("div", { class: "action-bar" }, buttonLink("#/what", t("report.new"), { primary: true })),
  );
  await more(list, below, null);
  const fresh = () => document.visibilityState === "visible" && context.again();
  document.addEventListener("visibilitychange", fresh);
  return () => {
    document.removeEventListener("visibilitychange", fresh);
    for (const address of thumbs) if (address) URL.revokeObjectURL(address);
  };
}

/**
 * Add a page of the station's list; when the network fails, what is there stays.
 * @param {HTMLElement} list
 * @param {HTMLElement} below
 * @param {string | null} cursor
 */
async function more(list, below, cursor) {
  const wanted = new URLSearchParams({ mine: "true", limit: String(PAGE) });
  if (cursor) wanted.set("cursor", cursor);
  try {
    const page = await getJson(`/api/v1/cases?${wanted}`);
    list.append(...page.cases.map(caseItem));
    fill(below, page.next ? button(t("mine.more"), () => more(list, below, page.next)) : null);
    if (!list.children.length) fill(below, h("p", { class: "empty", text: t("mine.empty") }));
  } catch (error) {
    fill(below, alertBox(explain(error), "error"), button(t("again"), () => more(list, below, cursor)));
  }
  list.hidden = !list.children.length;
}

/** @param {Report} report */
async function firstPhoto(report) {
  const [photo] = await store.photosOf(report.id);
  return photo ? URL.createObjectURL(photo.blob) : null;
}

/**
 * @param {Report} report
 * @param {string | null} thumb
 */
function localItem(report, thumb) {
  const badge = h("span", { class: "badge", data: { state: BADGES[report.state] }, text: t(`local.${report.state}`) });
  const address = report.state === "draft" ? "#/details" : `#/result/${report.id}`;
  return item(address, report.class_title, badge, [dateTime(report.found_at)], thumb);
}

/** @param {any} found */
function caseItem(found) {
  const badge = h("span", { class: "badge", data: { state: found.state }, text: found.state_title });
  const photo = found.attachments.find((/** @type {any} */ each) => each.purpose === "found" && !each.damaged);
  const words = [found.police_grid.name, dateTime(found.found_at)];
  return item(`#/case/${found.id}`, found.class_title, badge, words, photo?.thumbnail_url);
}

/**
 * @param {string} address
 * @param {string} title
 * @param {HTMLElement} badge
 * @param {string[]} words
 * @param {string | null | undefined} picture
 */
function item(address, title, badge, words, picture) {
  const thumb = picture ? h("img", { class: "thumb", src: picture, alt: "", loading: "lazy" }) : h("span", { class: "thumb" });
  const text = h(
    "span",
    { class: "mine-text" },
    h("span", { class: "title", text: title }),
    words.map((each) => h("span", { class: "muted", text: each })),
    badge,
  );
  return h("li", {}, h("a", { class: "mine-item", href: address }, thumb, text));
}

/** @type {import("./context.js").Screen} */
export async function caseScreen(root, context, id) {
  const found = await getJson(`/api/v1/cases/${encodeURIComponent(id)}`);
  const declared = context.classes.find((each) => each.code === found.class_code);
  const shownPhotos = (/** @type {string} */ purpose) => pictures(found, purpose);
  fill(
    root,
    h("h1", { tabindex: "-1", text: found.class_title }),
    h("p", { class: "row" }, h("span", { class: "badge", data: { state: found.state }, text: found.state_title }), h("span", { class: "number", text: found.number })),
    h("section", { class: "card" }, h("h2", { text: t("case.life") }), timeline(found)),
    found.closing_note ? h("section", { class: "card" }, h("h2", { text: t("case.done") }), h("p", { text: found.closing_note }), shownPhotos("closed")) : null,
    h(
      "section",
      { class: "card" },
      h("h2", { text: t("case.said") }),
      shownPhotos("found"),
      facts([
        [t("fact.grid"), found.grid.name],
        [t("fact.police_grid"), found.police_grid.name],
        [t("where.address"), found.place.address],
        ...answers(found, declared),
        [t("note.title"), found.note],
      ]),
    ),
    h("div", { class: "action-bar" }, buttonLink("#/mine", t("mine.title")), buttonLink("#/what", t("report.new"), { primary: true })),
  );
}

/** @param {any} found */
function timeline(found) {
  /** @type {[string, string | null][]} */
  const events = [
    [t("life.found"), found.found_at],
    [t("life.reported"), found.reported_at],
    [t("life.accepted"), found.accepted_at],
    [t("life.closed"), found.closed_at],
  ];
  const told = events.filter(([, at]) => at);
  const waits = found.closed_at ? null : h("li", { class: "muted", text: t(found.accepted_at ? "life.waits.closed" : "life.waits.accepted") });
  return h(
    "ol",
    { class: "timeline" },
    told.map(([title, at]) => h("li", {}, h("strong", { text: title }), h("br"), h("span", { class: "muted", text: dateTime(at ?? "") }))),
    waits,
  );
}

/**
 * @param {any} found
 * @param {string} purpose
 */
function pictures(found, purpose) {
  const shown = found.attachments.filter((/** @type {any} */ each) => each.purpose === purpose && !each.damaged);
  if (!shown.length) return null;
  return h(
    "div",
    { class: "photos" },
    shown.map((/** @type {any} */ each, /** @type {number} */ i) =>
      h("a", { href: each.url, target: "_blank" }, h("img", { src: each.thumbnail_url, alt: t("photo.number", { n: i + 1 }) })),
    ),
  );
}

/**
 * The answers with the titles of their questions; those of an older version of the class are left out.
 * @param {any} found
 * @param {import("./records.js").HazardClass | undefined} declared
 * @returns {[string, string][]}
 */
function answers(found, declared) {
  return (declared?.questions ?? []).map((question) => {
    const value = found.answers[question.name];
    const title = question.choices?.find((choice) => choice.value === value)?.title;
    const words = typeof value === "boolean" ? t(value ? "yes" : "no") : (title ?? value ?? "");
    return [question.title, String(words)];
  });
}
