// Thanks: my points, and what each was given for.

import { fill, h } from "../shared/dom.js";
import { dateTime, language, number, t } from "../shared/i18n.js";
import { buttonLink } from "./parts.js";
import * as store from "./store.js";

/** @type {import("./context.js").Screen} */
export async function pointsScreen(root, context) {
  const { total, entries } = await store.freshOrKept("/api/v1/points", `${context.person} ${language()}`);
  const items = entries.map((/** @type {any} */ entry) =>
    h(
      "li",
      {},
      h(
        "div",
        { class: "item point-entry" },
        h("span", { class: "mine-text" }, h("span", { class: "title", text: entry.reason_title }), h("span", { class: "muted", text: dateTime(entry.at) })),
        h("strong", { class: "push", text: `+${number(entry.points)}` }),
      ),
    ),
  );
  fill(
    root,
    h("h1", { tabindex: "-1", text: t("points.title") }),
    h("section", { class: "receipt" }, h("p", { class: "muted", text: t("points.total") }), h("p", { class: "points-total", text: number(total) })),
    h("p", { text: t("points.words") }),
    items.length ? h("ul", { class: "list", id: "points" }, items) : h("p", { class: "empty", text: t("points.none") }),
    h("div", { class: "action-bar" }, buttonLink("#/mine", t("mine.title")), buttonLink("#/what", t("report.new"), { primary: true })),
  );
}
