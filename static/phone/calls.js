// Calls on the phone's start screen: what rings is asked for every few seconds while somebody looks at the page.

import { Board, dressed } from "../calls/board.js";
import { byId, h } from "../shared/dom.js";
import { load, t } from "../shared/i18n.js";

const ASK_MS = 8_000;
// While something rings or somebody is on the way, both sides want to know soon.
const SOON_MS = 2_500;

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
  const ask = async () => {
    if (!document.hidden && navigator.onLine) await board.load().catch(() => undefined);
    start();
    setTimeout(ask, open ? SOON_MS : ASK_MS);
  };
  addEventListener("hashchange", start);
  await ask();
}
