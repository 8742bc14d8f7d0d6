// The page of a case stays as the case is: what somebody else has done is said and shown; what is being written stays.

import { byId, fill, h, toast, unpressed } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { News } from "../shared/news.js";

/** What the page shows of the case itself, by the ids of its parts. The next steps are apart: somebody may be writing there. */
const PARTS = ["case-head", "case-what", "case-life"];
const NEXT = "case-next-place";
// A step often tells several things at once.
const GATHER_MS = 120;
const WRITES = "input:not([type=hidden]), textarea, select";

export class CasePage {
  /**
   * Take note of the page as the service made it, before scripts fill it.
   * @param {{drawn: () => void, offered: () => void}} told what to do when parts, or the next steps, are new
   */
  constructor(told) {
    this.told = told;
    this.root = byId("case-page");
    this.was = new Map([...PARTS, NEXT].map((id) => [id, byId(id).innerHTML]));
    this.timer = 0;
    /** The newer next steps that wait until nobody writes. @type {HTMLElement | null} */
    this.waiting = null;
  }

  start() {
    const { case: id } = this.root.dataset;
    const news = new News(
      (item) => {
        const own = item.subject_id === id || item.call?.case_id === id;
        if (own || item.subject_kind === "task") document.dispatchEvent(new CustomEvent("case-news", { detail: item }));
        if (item.subject_id !== id) return;
        clearTimeout(this.timer);
        this.timer = window.setTimeout(() => void this.renew(), GATHER_MS);
      },
      { after: Number(this.root.dataset.event), say: (state) => (document.documentElement.dataset.live = state) },
    );
    news.start();
  }

  /** Ask for the page as it is now, and put in what has changed. */
  async renew() {
    const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } }).catch(() => null);
    if (!answer) return;
    if (!answer.ok) return this.say(t("case.gone"));
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!fresh.getElementById("case-page")) return;
    const before = document.querySelectorAll("#case-life .timeline > li").length;
    let changed = false;
    for (const id of PARTS) changed = this.put(id, part(fresh, id)) || changed;
    if (changed) this.told.drawn();
    this.next(part(fresh, NEXT));
    this.tell(before);
  }

  /**
   * Put a part in when it has changed.
   * @param {string} id
   * @param {HTMLElement} fresh
   */
  put(id, fresh) {
    if (this.was.get(id) === fresh.innerHTML) return false;
    this.was.set(id, fresh.innerHTML);
    unpressed(() => byId(id).replaceChildren(...fresh.childNodes));
    return true;
  }

  /** Say the newest that has happened, and mark all that is new. @param {number} before */
  tell(before) {
    unpressed(() => {
      const fresh = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("#case-life .timeline > li")].slice(before));
      for (const item of fresh) item.dataset.fresh = "";
      const last = fresh.at(-1);
      if (!last) return;
      const who = last.querySelector(".muted")?.textContent?.trim().replace(/\s+/g, " ") ?? "";
      this.say(t("case.changed", { what: last.querySelector("strong")?.textContent ?? "", who }));
    });
  }

  /** @param {string} words */
  say(words) {
    const later = this.waiting && h("button", { class: "btn btn-primary", type: "button", id: "case-steps", text: t("case.show_steps"), on: { click: () => this.offer() } });
    const place = byId("case-news");
    fill(place, h("p", { text: words }), later);
    place.hidden = false;
  }

  /**
   * The next steps have changed: they are shown at once, or offered to who is writing.
   * @param {HTMLElement} fresh
   */
  next(fresh) {
    if (this.was.get(NEXT) === fresh.innerHTML) return;
    this.was.set(NEXT, fresh.innerHTML);
    this.waiting = fresh;
    const busy = byId(NEXT).contains(document.activeElement) || byId(NEXT).querySelector("[aria-busy]");
    if (!busy) unpressed(() => this.offer());
  }

  /** Show the newer next steps with what was written into the older ones. */
  offer() {
    const fresh = this.waiting;
    if (!fresh) return;
    this.waiting = null;
    const place = byId(NEXT);
    const old = /** @type {HTMLFormElement[]} */ ([...place.querySelectorAll("form[data-step]")]);
    place.replaceChildren(...fresh.childNodes);
    const lost = old.map((form) => carried(form)).filter(Boolean);
    this.told.offered();
    document.getElementById("case-steps")?.remove();
    if (lost.length) byId("case-news").append(h("p", { text: t("case.your_words") }), h("p", { class: "said", id: "case-words", text: lost.join("\n\n") }));
    if (lost.length) toast(t("case.step_gone"));
  }
}

/**
 * @param {Document} page
 * @param {string} id
 */
function part(page, id) {
  return /** @type {HTMLElement} */ (page.getElementById(id) ?? h("div"));
}

/**
 * Carry what was written into a form over to the form of the same step. Returns the words that have no place any more.
 * @param {HTMLFormElement} old
 * @returns {string}
 */
function carried(old) {
  const now = document.getElementById(old.id);
  const written = /** @type {(HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement)[]} */ ([...old.querySelectorAll(WRITES)]).filter(hasSomething);
  if (!(now instanceof HTMLFormElement)) return written.filter((control) => control.localName === "textarea").map((control) => control.value).join("\n");
  for (const control of written) {
    const same = now.elements.namedItem(control.name);
    // A chosen file stays with its field: it can't be written into another one.
    if (control.type === "file" && same instanceof HTMLInputElement) same.replaceWith(control);
    else if (same instanceof HTMLElement) Reflect.set(same, "value", control.value);
  }
  if (written.length) {
    now.closest("details.step")?.setAttribute("open", "");
    now.closest(".more-steps")?.setAttribute("open", "");
  }
  return "";
}

/** @param {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} control */
function hasSomething(control) {
  if (control instanceof HTMLInputElement && control.type === "file") return Boolean(control.files?.length);
  return control.value !== (control instanceof HTMLSelectElement ? "" : control.defaultValue);
}

/**
 * Whether nobody is writing into a part of the page: it may be drawn anew.
 * @param {HTMLElement} place
 */
export function idle(place) {
  if (place.contains(document.activeElement) && document.activeElement?.matches(WRITES)) return false;
  if (place.querySelector("details[open] > form[data-step]")) return false;
  return ![...place.querySelectorAll("input:not([type=hidden], [type=checkbox], [type=radio]), textarea")].some((control) =>
    hasSomething(/** @type {HTMLInputElement} */ (control)),
  );
}

/**
 * Draw a part anew when there is news of the case, or of calls and tasks, and nobody writes into it.
 * @param {string} kind of what: case, call or task
 * @param {HTMLElement} place
 * @param {(free: () => boolean) => unknown} draw asks `free` once more after its question to the service
 */
export function onNews(kind, place, draw) {
  document.addEventListener("case-news", (event) => {
    const { detail } = /** @type {CustomEvent<import("../shared/news.js").NewsItem>} */ (event);
    if (detail.subject_kind === kind && idle(place)) void draw(() => idle(place));
  });
}
