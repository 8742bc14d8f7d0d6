// Choosing what is printed, and the cards: made by the service once, shown here once, printed at once.

import { byId, h, toast } from "../shared/dom.js";
import { send } from "../shared/http.js";
import { load, dateTime, t } from "../shared/i18n.js";
import { sending } from "../office/problems.js";

const ON_A_SHEET = 6;

await load("places");

byId("loopback").hidden = !["127.0.0.1", "localhost", "[::1]"].includes(location.hostname);

for (const [mark, checked] of /** @type {[string, boolean][]} */ ([["all", true], ["none", false]])) {
  for (const button of document.querySelectorAll(`[data-${mark}]`)) {
    button.addEventListener("click", () => {
      const name = /** @type {HTMLElement} */ (button).dataset[mark];
      for (const box of button.closest("form")?.querySelectorAll("input[type=checkbox]") ?? []) {
        if (box instanceof HTMLInputElement && box.name === name) box.checked = checked;
      }
    });
  }
}

const form = /** @type {HTMLFormElement | null} */ (document.getElementById("cards"));
form?.addEventListener("submit", (event) => {
  event.preventDefault();
  const chosen = new FormData(form).getAll("person");
  if (!chosen.length) toast(t("cards.choose"));
  else if (window.confirm(t("cards.ask", { count: chosen.length }))) sending(form, () => make(chosen));
});

/** @param {FormDataEntryValue[]} chosen */
async function make(chosen) {
  const cards = await send("/api/v1/enrolment-cards", { person_ids: chosen });
  const sheets = [];
  for (let at = 0; at < cards.length; at += ON_A_SHEET) {
    sheets.push(h("section", { class: "sheet card-sheet" }, cards.slice(at, at + ON_A_SHEET).map(card)));
  }
  byId("made").replaceChildren(...sheets);
  window.print();
}

/** @param {any} made */
function card(made) {
  const drawing = new DOMParser().parseFromString(made.qr_svg, "image/svg+xml").documentElement;
  return h(
    "article",
    { class: "sign" },
    h("h2", { text: made.name }),
    h("div", { class: "sheet-qr" }, document.importNode(drawing, true)),
    h("p", { class: "sign-words" }, t("cards.words"), h("small", { text: t("cards.until", { at: dateTime(made.expires_at) }) })),
    h("p", { class: "sign-foot", text: `${byId("made").dataset.station} · ${t("cards.keep")}` }),
  );
}
