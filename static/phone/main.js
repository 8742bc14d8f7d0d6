// Starts the volunteer's page: who holds the phone, texts and hazard classes, the draft, the screen of the address.

import { byId, fill, h, unpressed } from "../shared/dom.js";
import { explain } from "../shared/http.js";
import { language, load, t } from "../shared/i18n.js";
import { draft, refresh, restore } from "./draft.js";
import { Notices } from "./notices.js";
import { alertBox, button } from "./parts.js";
import { startQueue } from "./queue.js";
import { fact, remember, setFact } from "./sender.js";
import * as store from "./store.js";
import { watchVersions } from "./versions.js";
import { whatScreen } from "./what.js";
import { Failure, whoHolds } from "./wire.js";

/** @typedef {import("./records.js").Holder} Holder */

/**
 * Screens by name; all but the first are loaded when they are needed, or when the page has nothing else to do.
 * @type {Record<string, () => Promise<import("./context.js").Screen>>}
 */
const SCREENS = {
  what: async () => whatScreen,
  where: async () => (await withMap(import("./where.js"))).whereScreen,
  details: async () => (await import("./details.js")).detailsScreen,
  result: async () => (await import("./result.js")).resultScreen,
  mine: async () => (await import("./mine.js")).mineScreen,
  case: async () => (await import("./case.js")).caseScreen,
  outbox: async () => (await import("./waiting.js")).waitingScreen,
  from: async () => (await import("./fromplace.js")).fromScreen,
  map: async () => (await withMap(import("./map.js"))).mapScreen,
  points: async () => (await import("./points.js")).pointsScreen,
  same: async () => (await import("./same.js")).sameScreen,
  scan: async () => (await import("./scan.js")).scanScreen,
  voice: async () => (await import("./case.js")).voiceScreen,
  tasks: async () => (await import("./tasks.js")).tasksScreen,
  task: async () => (await import("./task.js")).taskScreen,
  voiced: async () => (await import("./same.js")).voicedScreen,
};
/** Screens that show what the queue does, and are drawn anew when it has done something. */
const LIVE = ["what", "result", "outbox", "tasks", ""];
/** Screens that taskwatch.js loads for those who have a task. */
const LATER = ["tasks", "task"];
const PATIENCE_MS = 3_000;

/** @type {HTMLElement} */
const root = byId("screen");
/** Counts screens, so that a slow one never covers the one opened after it. */
let turn = 0;
let leave = () => {};

/**
 * @template T
 * @param {Promise<T>} screen
 * @returns {Promise<T>}
 */
async function withMap(screen) {
  const { leaflet } = await import("./leaflet.js");
  await leaflet();
  return screen;
}

async function start() {
  const [holder, texts, opened] = [whoever(), load("phone"), store.open()];
  const kept = await opened;
  const classes = store.freshOrKept("/api/v1/hazard-classes", language());
  const basemap = store.freshOrKept("/basemap.json", "").catch(() => ({ kind: "" }));
  // Their failures are met where they are awaited.
  for (const asked of [holder, texts, classes]) asked.catch(() => undefined);
  await texts;
  const me = await holder;
  if (!me) return location.replace("/login?next=/phone/");
  adopt(me);
  await store.tidy(me.person);
  await restore(me.person);
  /** @type {import("./context.js").Context} */
  const context = {
    person: me.person,
    box: me.box,
    credit: me.credit,
    threshold_m: me.threshold_m,
    holder: me,
    classes: await classes,
    basemap: await basemap,
    go: (address) => {
      if (location.hash === address) show(context);
      else location.hash = address;
    },
    again: () => show(context),
  };
  addEventListener("hashchange", () => show(context));
  await show(context);
  new Notices(byId("notices"), context, kept).start();
  listen(context);
  await startQueue();
  watchVersions(() => !draft());
  const { watchTasks } = await import("./taskwatch.js");
  watchTasks(me.person);
  restLater();
  navigator.serviceWorker?.ready.then(() => keepGround(context));
}

/**
 * Keep what the place of a report and the own list need without a network, once the page itself is kept: who goes
 * off to a courtyard without signal may have opened nothing but the first screen.
 * @param {import("./context.js").Context} context
 */
async function keepGround(context) {
  const [{ ownGrids }, { myCases }] = await Promise.all([import("./ground.js"), import("./mine.js")]);
  await Promise.allSettled([ownGrids(context), myCases(context)]);
}

/**
 * Who is signed in; without a network, or when that takes long, who was last time. Null: nobody ever was.
 * @returns {Promise<Holder | null>}
 */
async function whoever() {
  const fresh = whoHolds(language()).then(async ({ me, offset_ms }) => {
    await store.open();
    const before = await fact("holder");
    await remember(me, offset_ms);
    adopt(me);
    // Somebody else has signed in on this phone since the page was opened with what it knew.
    if (document.body.dataset.person && before && before.person !== me.person) location.reload();
    return me;
  });
  fresh.catch(() => undefined);
  await store.open();
  const known = await fact("holder");
  const late = new Promise((done) => setTimeout(() => done(known), PATIENCE_MS));
  const answered = fresh.catch(async (error) => {
    const signedOut = error instanceof Failure && error.signedOut;
    if (signedOut) await setFact("signed_out", true);
    if (known || signedOut) return known ?? null;
    throw error;
  });
  return known ? /** @type {Promise<Holder>} */ (Promise.race([answered, late])) : answered;
}

/** @param {Holder} me */
function adopt(me) {
  document.querySelector('meta[name="csrf"]')?.setAttribute("content", me.csrf);
  byId("station").textContent = me.station.name + (me.station.synthetic ? ` · ${t("station.synthetic")}` : "");
  document.body.dataset.person = me.person;
}

/**
 * Draw the screen anew when the queue, another tab or the service worker has changed something.
 * @param {import("./context.js").Context} context
 */
function listen(context) {
  const channel = globalThis.BroadcastChannel ? new BroadcastChannel("shuangge") : globalThis;
  const changed = async () => {
    const draftChanged = await refresh(context.person);
    const name = location.hash.split("/")[1] ?? "";
    const live = LIVE.includes(name) || ((name === "task" || name === "case") && !writing());
    if (live || (draftChanged && document.visibilityState === "visible" && !writing())) show(context, true, true);
  };
  channel.addEventListener("message", changed);
  channel.addEventListener("shuangge-changed", changed);
  document.addEventListener("visibilitychange", async () => {
    if (document.visibilityState === "visible" && (await refresh(context.person))) show(context, true, true);
  });
}

/** Whether somebody writes into a field just now, or has opened a step of a case to take it. */
function writing() {
  return stepOpen() || (document.activeElement?.matches("input, textarea, select") ?? false);
}

function stepOpen() {
  return Boolean(root.querySelector("details.case-step[open]"));
}

/** Load the other screens while nothing else is to be done: a network that goes now takes none of them away. */
function restLater() {
  const wait = globalThis.requestIdleCallback ?? ((/** @type {() => void} */ work) => setTimeout(work, 500));
  wait(() => {
    for (const [name, screen] of Object.entries(SCREENS)) if (!LATER.includes(name)) screen().catch(() => undefined);
    import("./shrink.js").catch(() => undefined);
    import("./calls.js").then((calls) => calls.startCalls()).catch(() => undefined);
  });
}

/**
 * @param {import("./context.js").Context} context
 * @param {boolean} [quiet] the same screen anew: the reader's place stays
 * @param {boolean} [unasked] nobody has pressed for it: an open step is left as it is
 */
async function show(context, quiet = false, unasked = false) {
  const mine = ++turn;
  const [, name = "", param = ""] = location.hash.split("/");
  const stage = h("div", { class: "stack" });
  let left = () => {};
  leave();
  leave = () => {};
  try {
    const screen = await (SCREENS[name] ?? SCREENS.what)();
    if (mine !== turn) return;
    if (!quiet) fill(root, stage);
    left = (await screen(stage, context, decodeURIComponent(param))) ?? left;
  } catch (error) {
    fill(stage, h("h1", { tabindex: "-1", text: t("failed.title") }), alertBox(explain(error), "error"), button(t("again"), context.again));
  }
  if (mine !== turn) return left();
  leave = left;
  if (quiet) unpressed(() => mine === turn && !(unasked && stepOpen()) && fill(root, stage));
  else if (!stage.isConnected) fill(root, stage);
  document.body.dataset.ready = name || "what";
  if (quiet) return;
  scrollTo(0, 0);
  stage.querySelector("h1")?.focus({ preventScroll: true });
}

start().catch((error) => {
  const words = error instanceof Failure ? error.detail || t(`error.${error.code}`) : explain(error);
  const reload = h("button", { class: "btn btn-primary", type: "button", on: { click: () => location.reload() } }, t("again"));
  fill(root, h("p", { class: "alert", role: "alert", data: { tone: "error" }, text: words }), reload);
});
