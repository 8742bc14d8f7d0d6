// What a person must always see: how many reports wait on this phone, since when, and what keeps them.

import { byId, fill, h } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { readAll } from "./database.js";
import { additionsLeft, fact, originalsLeft } from "./sender.js";
import * as store from "./store.js";

const OLD_MS = 5 * 86_400_000;
const HOUR_MS = 3_600_000;

export class Notices {
  /**
   * @param {HTMLElement} element
   * @param {import("./context.js").Context} context
   * @param {boolean} keeps whether the browser keeps anything
   */
  constructor(element, context, keeps) {
    this.element = element;
    this.context = context;
    this.keeps = keeps;
    this.shown = "";
  }

  /** Show what is to be told, now and whenever it changes. */
  start() {
    const channel = globalThis.BroadcastChannel ? new BroadcastChannel("shuangge") : globalThis;
    channel.addEventListener("message", () => this.draw());
    channel.addEventListener("shuangge-changed", () => this.draw());
    addEventListener("hashchange", () => this.draw());
    // What was sent may have been known for days: the warning must come without any event.
    setInterval(() => this.draw(), HOUR_MS);
    return this.draw();
  }

  async draw() {
    const unsent = (await store.everyReport()).filter((report) => report.state === "unsent");
    const mine = unsent.filter((report) => report.person === this.context.person);
    const more = (await additionsLeft()).filter((item) => item.person === this.context.person).length;
    const count = mine.length + more;
    const told = [...(await this.queue(mine, unsent.length - mine.length)), ...(await this.troubles())];
    if (more) told.push({ kind: "additions-notice", href: "#/outbox", tone: "warning", text: t("additions.count", { n: more }) });
    const due = (await fact(`tasks ${this.context.person}`)) ?? { today: 0, overdue: 0 };
    const tone = due.overdue ? "warning" : "";
    if (due.today + due.overdue) told.push({ kind: "tasks-notice", href: "#/tasks", tone, text: t(due.overdue ? "tasks.notice.overdue" : "tasks.notice", { n: due.today + due.overdue, overdue: due.overdue }) });
    const key = JSON.stringify(told);
    if (key === this.shown) return;
    this.shown = key;
    fill(this.element, told.map(notice));
    const badge = byId("unsent-badge");
    badge.textContent = String(count);
    badge.setAttribute("aria-label", t("unsent.count", { n: count }));
    badge.hidden = !count;
  }

  /**
   * @param {import("./records.js").Report[]} mine
   * @param {number} others
   */
  async queue(mine, others) {
    const told = [];
    const oldest = Math.min(...mine.map((report) => Date.parse(report.queued_at ?? report.changed_at)));
    const days = Math.floor((Date.now() - oldest) / 86_400_000);
    const old = mine.length > 0 && Date.now() - oldest > OLD_MS;
    if (mine.length) told.push({ kind: "unsent-notice", href: "#/outbox", tone: old ? "error" : "warning", text: t(old ? "unsent.old" : "unsent.count", { n: mine.length, days }) });
    const following = await originalsLeft();
    if (following.length && !mine.length) told.push({ kind: "originals-notice", href: "#/outbox", tone: "", text: t("originals.count", { n: following.length }) });
    if (others) told.push({ kind: "others-notice", href: "#/outbox", tone: "warning", text: t("others.count", { n: others }) });
    return told;
  }

  async troubles() {
    const told = [];
    const waiting = (await readAll("reports")).length > 0;
    if (await fact("signed_out")) told.push({ kind: "signin-notice", href: "/login?next=/phone/", tone: "warning", text: t("signedout.words") });
    const clock_ms = (await fact("clock_ms")) ?? 0;
    if (clock_ms) told.push({ kind: "clock-notice", href: "", tone: "warning", text: t("clock.wrong", { by: spanWords(clock_ms) }) });
    if (!this.keeps) told.push({ kind: "store-notice", href: "", tone: "error", text: t("store.none") });
    else if (store.overflowing() && waiting) told.push({ kind: "store-notice", href: "#/outbox", tone: "error", text: t("store.full") });
    return told;
  }
}

/** @param {{kind: string, href: string, tone: string, text: string}} told */
function notice({ kind, href, tone, text }) {
  const made = { class: `alert ${kind}`, data: tone ? { tone } : {}, text };
  return href ? h("a", { ...made, href }) : h("p", made);
}

/**
 * A span of time in the largest unit that tells it.
 * @param {number} ms
 */
export function spanWords(ms) {
  const minutes = Math.round(Math.abs(ms) / 60_000);
  if (minutes < 120) return t("span.minutes", { n: minutes });
  const hours = Math.round(minutes / 60);
  return hours < 48 ? t("span.hours", { n: hours }) : t("span.days", { n: Math.round(hours / 24) });
}
