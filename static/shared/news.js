// Live news over one line for all pages of a browser: a browser opens only six to a house, and each page needs its own.

import { getJson, HttpError } from "./http.js";

/**
 * What the service tells: `feature` is the case as the reader may see it, null when it is not (any more) for them.
 * @typedef {{id: number, name: string, subject_kind: string, subject_id: string, at: string,
 *   feature: import("../officer/config.js").Feature | null, call: {id: string, case_id: string | null} | null}} NewsItem
 */

/** @typedef {"starting" | "live" | "retrying" | "polling" | "offline" | "signed_out"} NewsState */

const ADDRESS = "/api/v1/events";
const WHERE = "shuangge news";
// Streams name their messages; a browser hears only the names that it listens for.
const ROOMS = {
  areas: "published imported",
  calls: "placed acknowledged answered declined arrived finished cancelled lapsed escalated expired",
  cases:
    "reported accepted rejected merged unmerged dispatched acknowledged returned started correction_ordered graded extension_asked " +
    "extension_granted extension_refused fed_back sent_back hang_up_asked hung_up hang_up_refused resumed transferred receipt_noted " +
    "answer_noted taken_back escalated withdrawn looked_back reopened closed file_added file_completed voice_added note_added limit_recounted " +
    "answers_filled",
  duty: "case_sent",
  intake: "revised",
  leads: "visited person_kept person_ended",
  open311: "note_added",
  parcels: "case_followed",
  referrals:
    "attempted prepared delivered receipt_noted answered recalled reminded reporter_disclosed non_police_marked non_police_cleared " +
    "due_recounted",
  repeats: "linked offered merged distinguished lead_changed lead_moved priority_raised party_named party_removed",
  residents: "ticket_opened note_added photo_added judged contact_withdrawn",
  tasks:
    "assigned taken completed failed photo_added cancelled reassigned lapsed look_back_planned look_back_cancelled look_back_settled",
};
export const NAMES = Object.entries(ROOMS).flatMap(([room, names]) => names.split(" ").map((name) => `${room}.${name}`));
const POLL_MS = 15_000;
const POLLS_PER_STREAM_TRY = 8;
const REMEMBERED = 2000;
// A line that is renewed at once is nothing to tell people of.
const PATIENCE_MS = 4000;

export class News {
  /**
   * @param {(news: NewsItem) => void} hear gets each piece of news once
   * @param {{after?: number, whose?: string, say?: (state: NewsState) => void}} [wish] `after`: the newest event that the page
   *   knows; `whose`: only pages of the same person are told
   */
  constructor(hear, { after = 0, whose = reader(), say = () => {} } = {}) {
    this.hear = hear;
    this.last = after;
    this.say = say;
    this.where = `${WHERE} ${whose}`;
    /** @type {NewsState} */
    this.state = "starting";
    /** @type {Set<number>} */
    this.heard = new Set();
    this.polls = 0;
    this.timer = 0;
    /** @type {EventSource | null} */
    this.source = null;
    /** @type {BroadcastChannel | null} */
    this.channel = null;
    /** Called to let the line go. @type {(() => void) | null} */
    this.letGo = null;
    /** The request that waits for the line. @type {AbortController | null} */
    this.waiting = null;
    this.going = false;
  }

  start() {
    this.going = true;
    this.#become("starting");
    if (!navigator.locks || !globalThis.BroadcastChannel) return this.#open();
    this.channel ??= this.#joined();
    // Who is looked at has the line: a page in the background may be put to sleep.
    document.addEventListener("visibilitychange", this.#looked);
    this.channel.postMessage({ hello: true });
    void this.#queue(document.visibilityState === "visible");
  }

  stop() {
    this.going = false;
    document.removeEventListener("visibilitychange", this.#looked);
    this.waiting?.abort();
    this.channel?.close();
    this.channel = null;
    this.#close();
  }

  #looked = () => {
    if (document.visibilityState === "visible" && !this.letGo) void this.#queue(true);
  };

  /**
   * Wait for the line, or take it from the page that has it; hold it until another page wants it.
   * @param {boolean} steal
   * @returns {Promise<void>}
   */
  async #queue(steal) {
    this.waiting?.abort();
    this.waiting = steal ? null : new AbortController();
    try {
      await navigator.locks.request(this.where, this.waiting ? { signal: this.waiting.signal } : { steal }, () => {
        if (!this.going) return undefined;
        const until = new Promise((done) => (this.letGo = () => done(undefined)));
        this.#open();
        this.channel?.postMessage({ leads: this.last });
        return until;
      });
    } catch {
      // Another page has taken it: this one is told, and waits for its turn. Or it has asked for it itself meanwhile.
      if (!this.letGo) return;
      this.#close();
      if (this.going) void this.#queue(false);
    }
  }

  #joined() {
    const channel = new BroadcastChannel(this.where);
    channel.addEventListener("message", ({ data }) => {
      if (this.letGo) return data.hello && channel.postMessage({ state: this.state, leads: this.last });
      if (data.news) this.#take(data.news);
      if (data.seen) this.#seen(data.seen);
      if (data.state) this.#become(data.state);
      // The new line begins after something that this page has not heard of.
      if (data.leads && this.last && data.leads > this.last) void this.#ask();
      if (data.leads && !this.last) this.last = data.leads;
    });
    return channel;
  }

  #open() {
    this.#hush();
    const source = new EventSource(`${ADDRESS}?after=${this.last}`);
    this.source = source;
    source.addEventListener("open", () => this.#become("live"));
    source.addEventListener("open", () => clearTimeout(this.timer));
    source.addEventListener("ready", (event) => this.#seen(Number(event.lastEventId), true));
    for (const name of NAMES) source.addEventListener(name, (event) => this.#take(JSON.parse(event.data), true));
    // The browser comes back by itself, says what it saw last and hears the rest; unless it was refused.
    source.addEventListener("error", () => {
      clearTimeout(this.timer);
      if (source.readyState !== EventSource.CLOSED) {
        this.timer = window.setTimeout(() => this.#become("retrying"), PATIENCE_MS);
        return;
      }
      this.polls = 0;
      void this.poll();
    });
  }

  #hush() {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }

  #close() {
    this.#hush();
    this.letGo?.();
    this.letGo = null;
  }

  /** Ask for what is new; now and then try for a stream again. */
  async poll() {
    clearTimeout(this.timer);
    try {
      await this.#ask();
      this.#become("polling");
    } catch (error) {
      const gone = error instanceof HttpError && error.problem.status === 401;
      this.#become(gone ? "signed_out" : "offline");
      if (gone) return;
    }
    if (!this.going) return;
    this.polls += 1;
    if (this.polls % POLLS_PER_STREAM_TRY === 0) this.#open();
    else this.timer = window.setTimeout(() => void this.poll(), POLL_MS);
  }

  async #ask() {
    const answer = await getJson(`${ADDRESS}?after=${this.last}`);
    for (const news of answer.events) this.#take(news, true);
    this.#seen(answer.last, true);
  }

  /**
   * @param {NewsItem} news
   * @param {boolean} [first] whether this page heard it from the service, and tells the others
   */
  #take(news, first = false) {
    this.#seen(news.id);
    if (this.heard.has(news.id)) return;
    this.heard.add(news.id);
    if (this.heard.size > REMEMBERED) this.heard.delete(/** @type {number} */ (this.heard.values().next().value));
    if (first) this.channel?.postMessage({ news });
    this.hear(news);
  }

  /**
   * @param {number} id
   * @param {boolean} [first]
   */
  #seen(id, first = false) {
    if (!Number.isFinite(id)) return;
    this.last = Math.max(this.last, id);
    if (first) this.channel?.postMessage({ seen: id });
  }

  /** @param {NewsState} state */
  #become(state) {
    if (this.letGo) this.channel?.postMessage({ state });
    this.state = state;
    this.say(state);
  }
}

/** Who the page was made for. */
function reader() {
  return document.querySelector("[data-person]")?.getAttribute("data-person") ?? "";
}
