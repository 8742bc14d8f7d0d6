// Calls on the phone's start screen: what rings is heard of while somebody looks at the page, and asked for in case a
// piece of news was lost; where there is no line for news, it is asked for every few seconds.

import { Board, dressed } from "../calls/board.js";
import { byId, h } from "../shared/dom.js";
import { load, t } from "../shared/i18n.js";
import { News } from "../shared/news.js";

const ASK_MS = 8_000;
// While something rings or somebody is on the way, both sides want to know soon.
const SOON_MS = 2_500;
const SAFE_MS = 60_000;
// So long the line may take to open before calls are asked for without it.
const PATIENCE_MS = 2_000;

/** Show the calls of whoever holds the phone above the screen. */
export async function startCalls() {
  await dressed(load("calls"));
  const place = h("section", { class: "stack phone-calls", id: "phone-calls", "aria-label": t("calls.dock") });
  byId("notices").after(place);
  const cards = h("div");
  place.append(cards, h("a", { class: "btn call-link", href: "/calls", text: t("calls.open_page") }));
  let open = 0;
  const board = new Board(cards, { empty: false, changed: (calls) => (open = calls.length) });
  const start = () => {
    const name = location.hash.split("/")[1] ?? "";
    place.hidden = !open && !["", "what"].includes(name);
  };
  /** @type {import("../shared/news.js").NewsState} */
  let line = "starting";
  let timer = 0;
  const ask = async () => {
    clearTimeout(timer);
    if (!document.hidden && navigator.onLine) await board.load().catch(() => undefined);
    start();
    timer = window.setTimeout(ask, line === "live" ? SAFE_MS : open ? SOON_MS : ASK_MS);
  };
  const news = new News((item) => void (item.subject_kind === "call" && ask()), {
    say: (state) => {
      const changed = state !== line && state !== "starting";
      line = state;
      place.dataset.news = state;
      if (changed) void ask();
    },
  });
  // A phone in the pocket hears nothing and saves its battery.
  const seen = () => {
    clearTimeout(timer);
    if (document.hidden) return news.stop();
    news.start();
    timer = window.setTimeout(ask, PATIENCE_MS);
  };
  document.addEventListener("visibilitychange", seen);
  addEventListener("online", () => void ask());
  addEventListener("hashchange", start);
  seen();
}
