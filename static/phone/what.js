// Step 1: what was found. One touch on a picture.

import { byId, fill, h, icon } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { choose, discard, draft } from "./draft.js";
import { usePlace, waitingPlace } from "./fromplace.js";
import { grids } from "./ground.js";
import { alertBox, button, buttonLink, steps } from "./parts.js";

const WARM_AFTER_MS = 3000;

/** @type {import("./context.js").Screen} */
export async function whatScreen(root, context) {
  const present = draft();
  const pictures = context.classes.map((item) => {
    const pressed = present?.class_code === item.code ? "true" : "false";
    const act = async () => {
      await choose(item, context.person);
      await usePlace();
      context.go("#/where");
    };
    const made = { class: "class-button", type: "button", data: { class: item.code }, "aria-pressed": pressed };
    return h("button", { ...made, on: { click: act } }, icon(item.icon), h("span", { text: item.title }));
  });
  const place = waitingPlace();
  fill(
    root,
    steps("what"),
    present ? alertBox(t("draft.found", { title: present.class_title })) : null,
    place ? alertBox(t("from.here", { name: place.name }), "success") : null,
    h("h1", { tabindex: "-1", text: t("what.title") }),
    h("div", { class: "class-grid" }, pictures),
    h("div", { class: "action-bar" }, actions(Boolean(present), context)),
  );
  // What the next steps need without a network is fetched while the person looks at the pictures.
  const warm = setTimeout(() => navigator.onLine && grids(context).catch(() => []), WARM_AFTER_MS);
  return () => clearTimeout(warm);
}

/**
 * @param {boolean} started
 * @param {import("./context.js").Context} context
 */
function actions(started, context) {
  if (!started) return [buttonLink("#/mine", t("mine.title"), { drawing: "list" }), buttonLink("#/map", t("ground.title"), { drawing: "field" })];
  const away = button(
    t("draft.discard"),
    async () => {
      if (!confirm(t("draft.discard.sure"))) return;
      await discard();
      context.again();
      byId("screen").focus();
    },
    { danger: true },
  );
  return [away, buttonLink("#/where", t("draft.continue"), { primary: true })];
}
