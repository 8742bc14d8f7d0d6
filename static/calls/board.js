// Open calls of the reader as cards with running clocks; what one may say stands on each as a button.

import { fill, h, unpressed } from "../shared/dom.js";
import { explain, getJson, HttpError, send } from "../shared/http.js";
import { dateTime, t } from "../shared/i18n.js";

/** @typedef {{name: string, category: string, at: string | null, arrived_at: string | null}} Person */

/**
 * A call as the service tells it to its reader (`webapp/calls/schemas.py`).
 * @typedef {object} Call
 * @property {string} id
 * @property {string} direction
 * @property {string} kind
 * @property {string} kind_title
 * @property {string} words
 * @property {number} lon
 * @property {number} lat
 * @property {string} grid
 * @property {{id: string, number: string} | null} case
 * @property {Person | null} caller
 * @property {boolean} is_mine
 * @property {number} wanted
 * @property {number} taken
 * @property {Person[]} takers
 * @property {Record<string, number>} called
 * @property {string | null} mine
 * @property {string} state
 * @property {string} state_title
 * @property {number} level
 * @property {string} level_title
 * @property {string} called_at
 * @property {number} acknowledge_s
 * @property {number} response_s
 * @property {string | null} answered_at
 * @property {string | null} ended_at
 * @property {string} end_words
 * @property {string} late
 * @property {string[]} verbs
 * @property {number} revision
 */

export const API = "/api/v1/calls";
const BADGES = { ringing: "reported", acknowledged: "acknowledged", answered: "handling", done: "closed", cancelled: "withdrawn", unanswered: "overdue" };
const WITH_WORDS = ["finish", "cancel", "lapse"];
const ORDER = ["take", "acknowledge", "arrive", "decline", "finish", "cancel", "lapse"];
/** The open calls of the reader's own. */
export const MINE = "state=open&mine=true&limit=50";
const TICK_MS = 1000;
const SOON_MS = 60;

/**
 * The looks of calls, and their words, which the page loads: `await dressed(load("calls"))`.
 * @param {Promise<void>} words
 */
export async function dressed(words) {
  const sheet = "/static/style/calls.css";
  if (!document.querySelector(`link[href="${sheet}"]`)) document.head.append(h("link", { rel: "stylesheet", href: sheet }));
  await words;
}

/** Whether a call waits for an answer of the reader's own. @param {Call} call */
export const ringsForMe = (call) => call.verbs.includes("take") && call.verbs.includes("decline");

/** @param {number} ms */
function span(ms) {
  const seconds = Math.floor(Math.abs(ms) / 1000);
  const hours = Math.floor(seconds / 3600);
  const parts = [Math.floor((seconds % 3600) / 60), seconds % 60].map((part) => String(part).padStart(2, "0"));
  return (hours ? [String(hours), ...parts] : parts).join(":");
}

export class Board {
  /**
   * @param {HTMLElement} element
   * @param {{query?: string, empty?: boolean, changed?: (calls: Call[]) => void, links?: boolean, only?: (call: Call) => boolean}} [wish]
   */
  constructor(element, { query = MINE, empty = true, changed = () => {}, links = true, only = () => true } = {}) {
    this.element = element;
    this.query = query;
    this.empty = empty;
    this.changed = changed;
    this.links = links;
    this.only = only;
    /** @type {Map<string, {call: Call, card: HTMLElement, key: string}>} */
    this.shown = new Map();
    /** Words that somebody is writing, by call: a card that is drawn anew keeps them. @type {Map<string, {verb: string, words: string}>} */
    this.drafts = new Map();
    this.offset_ms = 0;
    this.asked = 0;
    /** The newest answer that is waited for. @type {Promise<void>} */
    this.loading = Promise.resolve();
    this.timer = 0;
    this.announcer = h("p", { class: "visually-hidden", role: "alert" });
    this.list = h("div", { class: "calls" });
    fill(element, this.announcer, this.list);
    setInterval(() => this.tick(), TICK_MS);
  }

  /** Ask the service and draw what has changed. Raises HttpError. */
  load() {
    const turn = ++this.asked;
    this.loading = this.answer(turn);
    return this.loading;
  }

  /**
   * Draw an answer unless it was asked for again meanwhile: then whoever waits waits for the newer one.
   * @param {number} turn
   * @returns {Promise<void>}
   */
  async answer(turn) {
    const page = await getJson(`${API}?${this.query}`);
    if (turn !== this.asked) return this.loading;
    this.offset_ms = Date.parse(page.now) - Date.now();
    this.draw(page.calls);
  }

  /** Something happened to calls: look soon, once for several pieces of news. */
  hear() {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.load().catch(() => undefined), SOON_MS);
  }

  /** @param {Call[]} calls */
  draw(calls) {
    const sorted = calls.filter(this.only).sort((a, b) => Number(ringsForMe(b)) - Number(ringsForMe(a)) || b.called_at.localeCompare(a.called_at));
    const before = this.shown;
    this.shown = new Map();
    for (const call of sorted) {
      const key = JSON.stringify(call);
      const known = before.get(call.id);
      const card = known?.key === key ? known.card : this.card(call);
      this.shown.set(call.id, { call, card, key });
    }
    const cards = [...this.shown.values()].map((item) => item.card);
    const shown = [...this.list.children];
    const same = cards.length ? cards.length === shown.length && cards.every((card, i) => card === shown[i]) : !this.empty && !shown.length;
    if (!same) unpressed(() => this.replace(cards));
    const fresh = sorted.find((call) => ringsForMe(call) && !before.has(call.id));
    if (fresh) this.announce(fresh);
    this.tick();
    this.changed(sorted);
  }

  /** Put the cards in; the focus stays on the card where it was. @param {HTMLElement[]} cards */
  replace(cards) {
    const held = document.activeElement;
    const inside = held instanceof HTMLElement && this.list.contains(held) ? held : null;
    const call = inside?.closest("[data-call]")?.getAttribute("data-call") ?? "";
    fill(this.list, cards.length || !this.empty ? cards : h("p", { class: "empty", text: t("calls.none") }));
    if (inside) this.focus(call, inside);
  }

  /**
   * Focus what was focused before the cards were drawn anew: the same element, the same button, or its card.
   * @param {string} call
   * @param {HTMLElement} held
   */
  focus(call, held) {
    const card = this.shown.get(call)?.card;
    const same = this.list.contains(held) ? held : card?.querySelector(`[data-verb="${held.dataset.verb}"], #words-${CSS.escape(call)}`);
    const next = same ?? card?.querySelector("button") ?? card;
    if (next instanceof HTMLElement) next.focus();
  }

  /** @param {Call} call */
  announce(call) {
    this.announcer.textContent = t("calls.rings", { kind: call.kind_title, grid: call.grid });
    if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.([300, 150, 300]);
  }

  /** Let the clocks run: only their text changes. */
  tick() {
    const now = Date.now() + this.offset_ms;
    for (const { call, card } of this.shown.values()) {
      const clock = card.querySelector(".call-clock");
      if (!(clock instanceof HTMLElement)) continue;
      const [words, late] = this.clock(call, now);
      clock.textContent = words;
      if (late) card.dataset.late = "";
      else delete card.dataset.late;
    }
  }

  /**
   * @param {Call} call
   * @param {number} now
   * @returns {[string, boolean]}
   */
  clock(call, now) {
    if (call.ended_at) return ["", false];
    if (call.state === "answered") return [t("calls.since", { span: span(now - Date.parse(call.answered_at ?? call.called_at)) }), false];
    const limit_s = call.state === "ringing" ? call.acknowledge_s : call.response_s;
    const left = Date.parse(call.called_at) + 1000 * limit_s - now;
    return [t(left < 0 ? "calls.over" : "calls.left", { span: span(left) }), left < 0];
  }

  /** @param {Call} call */
  card(call) {
    const problem = h("p", { class: "alert", role: "alert", data: { tone: "error" }, hidden: true });
    const actions = h("div", { class: "call-actions" });
    const card = h(
      "article",
      { class: "call-card", data: { call: call.id, state: call.state, ...(ringsForMe(call) ? { rings: "" } : {}) }, tabindex: "-1", "aria-label": `${call.kind_title}, ${call.grid}` },
      h(
        "header",
        { class: "row" },
        h("strong", { class: "call-kind", text: call.kind_title }),
        h("span", { class: "badge", data: { state: BADGES[/** @type {keyof typeof BADGES} */ (call.state)] }, text: call.state_title }),
        h("span", { class: "call-clock number push", role: "timer" }),
      ),
      call.words ? h("p", { class: "said", text: call.words }) : null,
      h("p", { class: "muted", text: this.facts(call) }),
      call.takers.map((person) => h("p", { class: "call-comes", text: t(call.ended_at ? "calls.came" : person.arrived_at ? "calls.is_there" : "calls.comes", { name: person.name }) })),
      call.mine === "stood_down" && !call.ended_at ? h("p", { class: "call-comes", text: t("calls.stood_down") }) : null,
      call.ended_at ? h("p", { class: "said", text: call.end_words || t("calls.expired") }) : null,
      this.links ? this.ways(call) : null,
      actions,
      problem,
    );
    this.offer(call, actions, problem);
    return card;
  }

  /** Who calls, where, when, how many are called. @param {Call} call */
  facts(call) {
    const called = Object.values(call.called).reduce((sum, count) => sum + count, 0);
    const parts = [
      call.caller ? t("calls.by", { name: call.caller.name }) : "",
      call.grid,
      dateTime(call.called_at),
      called ? t("calls.called", { n: called }) : "",
      call.wanted > 1 ? t("calls.wanted_of", { taken: call.taken, wanted: call.wanted }) : "",
      call.level && !call.ended_at ? call.level_title : "",
    ];
    return parts.filter(Boolean).join(" · ");
  }

  /** @param {Call} call */
  ways(call) {
    const about = call.case ? h("a", { href: `/cases/${encodeURIComponent(call.case.number)}`, text: call.case.number }) : null;
    return about ? h("p", {}, about) : null;
  }

  /**
   * @param {Call} call
   * @param {HTMLElement} actions
   * @param {HTMLElement} problem
   */
  offer(call, actions, problem) {
    const draft = this.drafts.get(call.id);
    if (draft && call.verbs.includes(draft.verb)) return this.ask(call, draft.verb, actions, problem);
    this.drafts.delete(call.id);
    const verbs = ORDER.filter((verb) => call.verbs.includes(verb));
    const kind = (/** @type {string} */ verb, /** @type {number} */ i) => (i === 0 && !WITH_WORDS.includes(verb) ? "btn btn-primary" : "btn");
    const act = (/** @type {string} */ verb) => (WITH_WORDS.includes(verb) ? this.ask(call, verb, actions, problem, true) : void this.say(call, verb, {}, actions, problem));
    fill(actions, verbs.map((verb, i) => h("button", { class: kind(verb, i), type: "button", data: { verb }, text: t(`calls.verb_${verb}`), on: { click: () => act(verb) } })));
  }

  /**
   * Ask for the words that go with an end.
   * @param {Call} call
   * @param {string} verb
   * @param {HTMLElement} actions
   * @param {HTMLElement} problem
   * @param {boolean} [fresh]
   */
  ask(call, verb, actions, problem, fresh = false) {
    const draft = this.drafts.get(call.id) ?? { verb, words: t(`calls.words_${verb}`) };
    this.drafts.set(call.id, draft);
    const input = h("input", { id: `words-${call.id}`, maxlength: "500", required: true, value: draft.words, on: { input: () => (draft.words = input.value) } });
    const back = () => {
      this.drafts.delete(call.id);
      this.offer(call, actions, problem);
    };
    const form = h(
      "form",
      { class: "call-words", novalidate: true },
      h("div", { class: "field" }, h("label", { for: input.id, text: t(`calls.how_${verb}`) }), input),
      h("div", { class: "row pair" }, h("button", { class: "btn", type: "button", text: t("calls.back"), on: { click: back } }), h("button", { class: "btn btn-primary", type: "submit", text: t(`calls.verb_${verb}`) })),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.say(call, verb, { words: input.value.trim() }, actions, problem);
    });
    fill(actions, form);
    if (fresh) input.select();
  }

  /**
   * @param {Call} call
   * @param {string} verb
   * @param {object} body
   * @param {HTMLElement} actions
   * @param {HTMLElement} problem
   */
  async say(call, verb, body, actions, problem) {
    problem.hidden = true;
    const held = document.activeElement instanceof HTMLElement && actions.contains(document.activeElement) ? document.activeElement : null;
    const buttons = /** @type {HTMLButtonElement[]} */ ([...actions.querySelectorAll("button")]);
    for (const button of buttons) button.disabled = true;
    try {
      await send(`${API}/${call.id}/${verb}`, body);
      this.drafts.delete(call.id);
      await this.load();
    } catch (error) {
      for (const button of buttons) button.disabled = false;
      // Somebody was faster: show the call as it is now, and say so.
      if (error instanceof HttpError && error.problem.status === 409) await this.load().catch(() => undefined);
      const place = this.shown.get(call.id)?.card.querySelector(":scope > .alert") ?? problem;
      place.textContent = explain(error);
      if (place instanceof HTMLElement) place.hidden = false;
      this.announcer.textContent = explain(error);
    }
    // A button that is switched off loses the focus.
    if (held && document.activeElement === document.body) this.focus(call.id, held);
  }
}
