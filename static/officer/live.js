// Live news: a stream of server-sent events; asks every few seconds instead while the service has no place for one.

import { NEWS } from "../calls/board.js";
import { byId, fill, h } from "../shared/dom.js";
import { getJson, HttpError } from "../shared/http.js";
import { t } from "../shared/i18n.js";
import { config } from "./config.js";

/**
 * What the service tells: `feature` is the case as the reader may see it, null when it is not (any more) for them.
 * @typedef {{id: number, name: string, subject_kind: string, subject_id: string, feature: import("./config.js").Feature | null}} News
 */

/** @typedef {"starting" | "live" | "retrying" | "polling" | "offline" | "signed_out"} LiveState */

const ADDRESS = "/api/v1/events";
// Streams name their messages; a browser hears only the names that it listens for.
const STEPS =
  "reported accepted rejected merged unmerged dispatched acknowledged returned started correction_ordered graded extension_asked " +
  "extension_granted extension_refused fed_back sent_back hang_up_asked hung_up hang_up_refused resumed transferred receipt_noted " +
  "answer_noted taken_back escalated withdrawn looked_back reopened closed file_added file_completed voice_added";
const NAMES = [...STEPS.split(" ").map((name) => `cases.${name}`), "areas.published", "areas.imported", ...NEWS];
const POLL_MS = 15_000;
const POLLS_PER_STREAM_TRY = 8;
const REMEMBERED = 2000;
// A line that is renewed at once is nothing to tell people of.
const PATIENCE_MS = 4000;

export class Live {
  /**
   * @param {(news: News) => void} hear gets each piece of news once
   * @param {string[]} [more] names of events to hear beside those of cases and areas
   */
  constructor(hear, more = []) {
    this.hear = hear;
    this.names = [...NAMES, ...more];
    this.last = config.last_event;
    /** @type {Set<number>} */
    this.heard = new Set();
    this.polls = 0;
    this.timer = 0;
    this.say("starting");
  }

  start() {
    const source = new EventSource(`${ADDRESS}?after=${this.last}`);
    source.addEventListener("open", () => this.say("live"));
    source.addEventListener("open", () => clearTimeout(this.timer));
    source.addEventListener("ready", (event) => this.#seen(Number(event.lastEventId)));
    for (const name of this.names) source.addEventListener(name, (event) => this.#take(JSON.parse(event.data)));
    // The browser comes back by itself, says what it saw last and hears the rest; unless it was refused.
    source.addEventListener("error", () => {
      clearTimeout(this.timer);
      if (source.readyState !== EventSource.CLOSED) {
        this.timer = window.setTimeout(() => this.say("retrying"), PATIENCE_MS);
        return;
      }
      this.polls = 0;
      void this.poll();
    });
  }

  /** Ask for what is new; now and then try for a stream again. */
  async poll() {
    clearTimeout(this.timer);
    try {
      const answer = await getJson(`${ADDRESS}?after=${this.last}`);
      for (const news of answer.events) this.#take(news);
      this.#seen(answer.last);
      this.say("polling");
    } catch (error) {
      const gone = error instanceof HttpError && error.problem.status === 401;
      this.say(gone ? "signed_out" : "offline");
      if (gone) return;
    }
    this.polls += 1;
    if (this.polls % POLLS_PER_STREAM_TRY === 0) this.start();
    else this.timer = window.setTimeout(() => void this.poll(), POLL_MS);
  }

  /** @param {News} news */
  #take(news) {
    this.#seen(news.id);
    if (this.heard.has(news.id)) return;
    this.heard.add(news.id);
    if (this.heard.size > REMEMBERED) this.heard.delete(/** @type {number} */ (this.heard.values().next().value));
    this.hear(news);
  }

  /** @param {number} id */
  #seen(id) {
    if (Number.isFinite(id)) this.last = Math.max(this.last, id);
  }

  /** @param {LiveState} state */
  say(state) {
    const line = byId("live");
    if (line.dataset.state === state && line.textContent) return;
    line.dataset.state = state;
    line.title = t(`live.${state}_hint`);
    const words = h("span", { text: t(`live.${state}`) });
    fill(line, state === "signed_out" ? h("a", { href: `/login?next=${location.pathname}` }, words) : words);
  }
}
