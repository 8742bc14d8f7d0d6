// One matter of mine: how far it has come, who has it, what was done; and adding words or a photo to it.

import { fill, h, toast } from "../shared/dom.js";
import { explain } from "../shared/http.js";
import { dateTime, language, t } from "../shared/i18n.js";
import { addPhoto, addWords, dropAddition, waitingFor } from "./additions.js";
import { caseSteps } from "./casesteps.js";
import { button, buttonLink, facts } from "./parts.js";
import { NotAPicture } from "./photos.js";
import { uuid } from "./sha256.js";
import * as store from "./store.js";

/** @typedef {import("./context.js").Context} Context */

const OVER = ["closed", "rejected", "duplicate", "withdrawn"];

/** @type {import("./context.js").Screen} */
export async function caseScreen(root, context, id) {
  const found = asLed(await store.freshOrKept(`/api/v1/cases/${encodeURIComponent(id)}`, `${context.person} ${language()}`));
  const declared = context.classes.find((each) => each.code === found.class_code);
  fill(
    root,
    ...heading(found),
    found.lead ? h("p", { class: "alert led", text: t("case.led", { number: found.lead.number }) }) : null,
    h("section", { class: "card" }, h("h2", { text: t("case.life") }), timeline(found), who(found)),
    caseSteps(found, context),
    done(found),
    h(
      "section",
      { class: "card" },
      h("h2", { text: t("case.said") }),
      found.closed_at ? null : pictures(found, "found"),
      facts([
        [t("fact.grid"), found.grid.name],
        [t("where.address.short"), found.place.address],
        ...answers(found, declared),
        [t("note.title.short"), found.note],
      ]),
    ),
    additions(found, context, await waitingFor(context.person, found.id)),
    h("div", { class: "action-bar" }, buttonLink("#/mine", t("mine.title")), buttonLink("#/what", t("report.new"), { primary: true })),
  );
}

/** A merged report as its reporter follows it: how far the leading case has come. @param {any} found */
function asLed(found) {
  if (!found.lead) return found;
  const { number: _leading, ...told } = found.lead;
  return { ...found, ...told };
}

/** @type {import("./context.js").Screen} */
export async function voiceScreen(root, context, id) {
  const mine = await store.freshOrKept("/api/v1/voices", `${context.person} ${language()}`);
  const found = mine.find((/** @type {any} */ each) => each.id === id);
  if (!found) return context.go("#/mine");
  const told = { ...found, reported_at: null, police_grid: { name: found.police_grid } };
  fill(
    root,
    ...heading(found),
    h("p", { text: t("voiced.then") }),
    h("section", { class: "card" }, h("h2", { text: t("case.life") }), timeline(told), who(told)),
    found.closing_note ? h("section", { class: "card" }, h("h2", { text: t("case.done") }), h("p", { text: found.closing_note })) : null,
    h("div", { class: "action-bar" }, buttonLink("#/mine", t("mine.title")), buttonLink("#/what", t("report.new"), { primary: true })),
  );
}

/** @param {any} found */
function heading(found) {
  return [
    h("h1", { tabindex: "-1", text: found.class_title }),
    h(
      "p",
      { class: "row" },
      h("span", { class: "badge", data: { state: found.state }, text: found.state_title }),
      h("span", { class: "number", text: found.number }),
    ),
  ];
}

/** Who has it, and how many others see the same. @param {any} found */
function who(found) {
  return facts([
    [t("fact.police_grid"), found.police_grid.name],
    [t("fact.handler"), found.handler],
    [t("fact.voices"), found.voices ? t("fact.voices.count", { n: found.voices }) : ""],
  ]);
}

/** What was done, as found and after it side by side. @param {any} found */
function done(found) {
  if (!found.closed_at) return null;
  const sides = ["found", "closed"].map((purpose) => {
    const shown = pictures(found, purpose);
    return shown ? h("figure", {}, h("figcaption", { text: t(`case.photo.${purpose}`) }), shown) : null;
  });
  return h(
    "section",
    { class: "card" },
    h("h2", { text: t("case.done") }),
    found.closing_note ? h("p", { text: found.closing_note }) : null,
    h("div", { class: "before-after" }, sides),
  );
}

/** @param {any} found */
function timeline(found) {
  /** @type {[string, string | null][]} */
  const events = [
    [t("life.found"), found.found_at],
    [t("life.reported"), found.reported_at],
    [t("life.accepted"), found.accepted_at],
    [t("life.fed_back"), found.fed_back_at],
    [t("life.closed"), found.closed_at],
  ];
  const told = events.filter(([, at]) => at);
  const waits = found.closed_at || OVER.includes(found.state) ? null : h("li", { class: "muted", text: t(found.accepted_at ? "life.waits.closed" : "life.waits.accepted") });
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
  const title = t(`case.photo.${purpose}`);
  return h(
    "div",
    { class: "photos" },
    shown.map((/** @type {any} */ each, /** @type {number} */ i) =>
      h("a", { href: each.url, target: "_blank" }, h("img", { src: each.thumbnail_url, alt: `${title} ${i + 1}` })),
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

/**
 * What was added since, what waits to be added, and the fields to add more.
 * @param {any} found
 * @param {Context} context
 * @param {import("./records.js").Addition[]} waiting
 */
function additions(found, context, waiting) {
  const notes = (found.notes ?? []).map((/** @type {any} */ note) => {
    const by = note.person_id === context.person ? t("note.me") : (note.person ?? t("note.somebody"));
    return h("li", {}, h("span", { class: "said", text: note.note }), h("span", { class: "muted", text: `${by} · ${dateTime(note.at)}` }));
  });
  const items = [...notes, ...waiting.map((item) => waitingItem(item, context))];
  return h(
    "section",
    { class: "card additions" },
    h("h2", { text: t("more.title") }),
    items.length ? h("ul", { class: "notes" }, items) : null,
    ...fields(found, context),
  );
}

/**
 * @param {import("./records.js").Addition} item
 * @param {Context} context
 */
function waitingItem(item, context) {
  const away = button(t("more.drop"), () => dropAddition(item.id).then(context.again));
  return h(
    "li",
    { class: "waiting" },
    h("span", { class: "said", text: item.note || t("more.photo") }),
    h("span", { class: "badge", data: { state: item.halted ? "quarantined" : "queued" }, text: t("local.unsent") }),
    item.halted ? h("span", { class: "error", text: item.error || t("more.refused") }) : null,
    item.halted ? away : null,
  );
}

/**
 * @param {any} found
 * @param {Context} context
 */
function fields(found, context) {
  const complaint = h("p", { class: "error", role: "alert", hidden: true });
  const busy = h("p", { class: "muted", role: "status" });
  const begun = new BegunNote(`note ${context.person} ${found.id}`);
  const words = h("textarea", { id: "more", rows: 3, maxlength: 2000, placeholder: t("more.example"), value: begun.words });
  /** @param {() => Promise<boolean>} act */
  const guarded = async (act) => {
    complaint.hidden = true;
    busy.textContent = t("sending");
    try {
      toast(t((await act()) ? "more.done" : "more.waits"));
      context.again();
    } catch (error) {
      complaint.textContent = error instanceof NotAPicture ? t("photo.unreadable") : explain(error);
      complaint.hidden = false;
      busy.textContent = "";
    }
  };
  const sendWords = () => {
    const { id, words: note } = begun;
    begun.forget();
    words.value = "";
    return addWords(context.person, found.id, id, note.trim());
  };
  const add = button(t("more.add"), () => guarded(() => added(add, sendWords)), { id: "add-note" });
  add.disabled = !begun.words.trim();
  words.addEventListener("input", () => {
    begun.write(words.value);
    add.disabled = !words.value.trim();
  });
  return [
    h("div", { class: "field" }, h("label", { for: "more", text: t("more.words") }), words),
    h("div", { class: "row pair" }, add, photoButton((file) => guarded(() => addPhoto(context.person, found.id, file)))),
    busy,
    complaint,
  ];
}

/** Words that are not sent yet. They and their id outlast a reload of the tab, so they are added once. */
class BegunNote {
  /** @param {string} key */
  constructor(key) {
    this.key = key;
    this.id = uuid();
    this.words = "";
    try {
      Object.assign(this, JSON.parse(sessionStorage.getItem(key) ?? "{}"));
    } catch {
      // A browser that keeps nothing: the words last as long as the page.
    }
  }

  /** @param {string} words */
  write(words) {
    // Other words are another note, also when the first ones have arrived and only the answer was lost.
    this.id = uuid();
    this.words = words;
    try {
      sessionStorage.setItem(this.key, JSON.stringify({ id: this.id, words }));
    } catch {
      // As above.
    }
  }

  forget() {
    this.write("");
  }
}

/**
 * @param {HTMLButtonElement} control
 * @param {() => Promise<boolean>} act
 */
function added(control, act) {
  control.disabled = true;
  return act();
}

/** @param {(file: File) => void} take */
function photoButton(take) {
  const input = h("input", {
    type: "file",
    id: "more-photo",
    accept: "image/*",
    on: {
      change: () => {
        const [file] = input.files ?? [];
        if (file) take(file);
        input.value = "";
      },
    },
  });
  return h("label", { class: "btn photo-button" }, input, h("span", { text: t("more.photo") }));
}
