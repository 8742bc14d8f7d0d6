// Live news, with a line that says how they come.

import { byId, fill, h } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { News } from "../shared/news.js";
import { config } from "./config.js";

export class Live {
  /** @param {(news: import("../shared/news.js").NewsItem) => void} hear gets each piece of news once */
  constructor(hear) {
    this.news = new News(hear, { after: config.last_event, say: (state) => this.say(state) });
    this.say("starting");
  }

  start() {
    this.news.start();
  }

  /** @param {import("../shared/news.js").NewsState} state */
  say(state) {
    const line = byId("live");
    if (line.dataset.state === state && line.textContent) return;
    line.dataset.state = state;
    line.title = t(`live.${state}_hint`);
    const words = h("span", { text: t(`live.${state}`) });
    fill(line, state === "signed_out" ? h("a", { href: `/login?next=${location.pathname}` }, words) : words);
  }
}
