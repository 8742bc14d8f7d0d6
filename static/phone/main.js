// Starts the volunteer's page: loads texts and hazard classes, restores the draft, shows the screen of the address.

import { byId, fill, h, toast } from "../shared/dom.js";
import { explain } from "../shared/http.js";
import { language, load, t } from "../shared/i18n.js";
import { caseScreen, voiceScreen } from "./case.js";
import { detailsScreen } from "./details.js";
import { restore } from "./draft.js";
import { fromScreen } from "./fromplace.js";
import { mapScreen } from "./map.js";
import { mineScreen } from "./mine.js";
import { alertBox, button } from "./parts.js";
import { pointsScreen } from "./points.js";
import { resultScreen } from "./result.js";
import { sameScreen, voicedScreen } from "./same.js";
import { scanScreen } from "./scan.js";
import * as store from "./store.js";
import { whatScreen } from "./what.js";
import { whereScreen } from "./where.js";

/** @type {Record<string, import("./context.js").Screen>} */
const SCREENS = {
  what: whatScreen,
  where: whereScreen,
  details: detailsScreen,
  result: resultScreen,
  mine: mineScreen,
  case: caseScreen,
  from: fromScreen,
  map: mapScreen,
  points: pointsScreen,
  same: sameScreen,
  scan: scanScreen,
  voice: voiceScreen,
  voiced: voicedScreen,
};

/** @type {HTMLElement} */
const root = byId("screen");
/** Counts screens, so that a slow one never covers the one opened after it. */
let turn = 0;
let leave = () => {};

async function start() {
  await load("phone");
  const config = JSON.parse(byId("phone-config").textContent ?? "{}");
  const kept = await store.open();
  await store.tidy(config.person);
  await restore(config.person);
  const [classes, basemap] = await Promise.all([
    store.freshOrKept("/api/v1/hazard-classes", language()),
    store.freshOrKept("/basemap.json", "").catch(() => ({ kind: "" })),
  ]);
  /** @type {import("./context.js").Context} */
  const context = {
    ...config,
    classes,
    basemap,
    go: (address) => {
      if (location.hash === address) show(context);
      else location.hash = address;
    },
    again: () => show(context),
  };
  addEventListener("hashchange", () => show(context));
  await show(context);
  if (!kept) toast(t("store.none"), 10_000);
}

/** @param {import("./context.js").Context} context */
async function show(context) {
  const mine = ++turn;
  const [, name = "", param = ""] = location.hash.split("/");
  const screen = SCREENS[name] ?? whatScreen;
  const stage = h("div", { class: "stack" });
  leave();
  leave = () => {};
  fill(root, stage);
  let left = () => {};
  try {
    left = (await screen(stage, context, decodeURIComponent(param))) ?? left;
  } catch (error) {
    fill(stage, h("h1", { tabindex: "-1", text: t("failed.title") }), alertBox(explain(error), "error"), button(t("again"), context.again));
  }
  if (mine !== turn) return left();
  leave = left;
  scrollTo(0, 0);
  stage.querySelector("h1")?.focus({ preventScroll: true });
  document.body.dataset.ready = name || "what";
}

start().catch((error) => {
  const reload = h("button", { class: "btn btn-primary", type: "button", on: { click: () => location.reload() } }, t("again"));
  fill(root, h("p", { class: "alert", role: "alert", data: { tone: "error" }, text: explain(error) }), reload);
});
