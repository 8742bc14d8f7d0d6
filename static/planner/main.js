// The boundary editor: one draft, its map, tools and panel, put together.

import { byId, fill, h, toast } from "../shared/dom.js";
import { HttpError, explain } from "../shared/http.js";
import { load, number, t } from "../shared/i18n.js";
import { NetworkLayer } from "./canvas.js";
import { ChecksTab } from "./checks.js";
import { Clash } from "./clash.js";
import { CommentsTab } from "./comments.js";
import { CompareTab } from "./compare.js";
import { ask, field } from "./dialog.js";
import { Draft } from "./draft.js";
import { FiguresTab } from "./figures.js";
import { toPlane, UNITS } from "./geometry.js";
import { addGround, fit, makeMap } from "./ground.js";
import { GuideError, guidesFrom } from "./guides.js";
import { Stage } from "./stage.js";
import { Steps } from "./steps.js";
import { disk } from "./store.js";
import { isWriting, makeToolbar } from "./toolbar.js";
import { CommentTool, LockTool, drawLocks } from "./tools/marks.js";
import { MergeTool } from "./tools/merge.js";
import { PaintTool } from "./tools/paint.js";
import { PatchTool } from "./tools/patch.js";
import { RedrawTool } from "./tools/redraw.js";
import { ShapeTool } from "./tools/shape.js";
import { SplitTool } from "./tools/split.js";

const LISTEN_MS = 5000;
const FOUND_AT_MOST = 12;

const page = byId("main");
await load("planner");
const draft = new Draft(page.dataset.draft ?? "", disk);
const map = makeMap(byId("planner-map"));
const layer = new NetworkLayer(map);
const stage = new Stage(map, layer, draft);

/** @param {string} text */
function say(text) {
  const line = byId("said");
  line.textContent = text;
  line.hidden = !text;
}

/** @param {string[]} areas */
function show(areas) {
  stage.pick(areas);
  fit(map, draft.network.box(areas));
}

/**
 * @param {number} lon
 * @param {number} lat
 */
function go(lon, lat) {
  map.setView([lat, lon], Math.max(17, map.getZoom()), { animate: false });
}

const comments = new CommentsTab(draft, map, { go });
const tabs = [new FiguresTab(stage, { show, edit: editGrid }), new ChecksTab(draft, { show, go }), new CompareTab(draft, map), comments];
const shape = new ShapeTool(stage, say);
const tools = [
  shape,
  new SplitTool(stage, say),
  new MergeTool(stage, say),
  new RedrawTool(stage, say),
  new PatchTool(stage, say, "loop"),
  new PatchTool(stage, say, "brush"),
  new PaintTool(stage, say),
  new LockTool(stage),
  new CommentTool((at) => comments.write(at)),
];
new Steps(draft);
new Clash(stage);
makeToolbar(stage, tools);
makeTabs();
listen();

try {
  await draft.open();
  fit(map, draft.network.box());
  stage.choose(shape);
  page.dataset.ready = "1";
} catch (error) {
  const problem = byId("problem");
  problem.textContent = explain(error);
  problem.hidden = false;
}
void addGround(map).catch(() => {});

function makeTabs() {
  const box = byId("tab-panel");
  /** @type {any} */
  let now = null;
  const buttons = tabs.map((tab) => h("button", { class: "planner-tab", type: "button", role: "tab", id: `tab-${tab.name}`, "aria-controls": "tab-panel", text: t(`tab.${tab.name}`), on: { click: () => open(tab) } }));
  /** @param {any} tab */
  const open = (tab) => {
    now?.close?.();
    now = tab;
    fill(box, tab.open());
    tab.later?.();
    for (const button of buttons) button.setAttribute("aria-selected", String(button.id === `tab-${tab.name}`));
    box.setAttribute("aria-labelledby", `tab-${tab.name}`);
  };
  const show = () => fill(byId("tabs"), buttons.filter((button) => button.id !== "tab-compare" || draft.meta.can?.compare));
  draft.addEventListener("meta", show);
  show();
  open(tabs[0]);
}

function listen() {
  draft.addEventListener("drawn", () => {
    layer.show(draft);
    stage.chosen = stage.chosen.filter((area) => draft.network.byArea.has(area));
    saved();
  });
  draft.addEventListener("state", saved);
  draft.addEventListener("meta", () => (byId("draft-name").textContent = draft.meta.name ?? ""));
  draft.addEventListener("refused", (event) => {
    const { error } = /** @type {CustomEvent} */ (event).detail;
    say(t("refused.because", { reason: explain(error) }));
  });
  draft.addEventListener("others", (event) => {
    const steps = /** @type {CustomEvent} */ (event).detail;
    toast(t("others.changed", { count: steps.length, who: steps.at(-1)?.by?.name ?? t("clash.somebody") }));
  });
  stage.addEventListener("chosen", () => {
    const names = stage.chosen.map((area) => draft.grids.get(area)?.name ?? "");
    say(names.length ? t("chosen.said", { names: names.slice(0, 5).join("、"), count: names.length }) : "");
  });
  stage.addEventListener("tool", () => say(""));
  stage.addEventListener("draw", (event) => {
    const { pen, project } = /** @type {CustomEvent} */ (event).detail;
    drawLocks(draft, pen, project);
  });
  byId("undo").addEventListener("click", () => void step("undo"));
  byId("redo").addEventListener("click", () => void step("redo"));
  byId("more-open").addEventListener("click", more);
  byId("search").addEventListener("submit", (event) => (event.preventDefault(), find()));
  byId("q").addEventListener("input", suggest);
  byId("q").addEventListener("change", find);
  document.addEventListener("keydown", keys);
  addEventListener("online", () => void draft.queue.flush());
  addEventListener("beforeunload", (event) => draft.queue.state === "saving" && event.preventDefault());
  setInterval(() => document.visibilityState === "visible" && page.dataset.ready && !stage.gesture && void draft.listen().catch(() => {}), LISTEN_MS);
}

function saved() {
  const { state, entries } = draft.queue;
  const line = byId("saved");
  line.dataset.state = state;
  const text = t(`saved.${state}`, { count: number(entries.length) });
  if (line.textContent !== text) line.textContent = text;
  for (const id of ["undo", "redo"]) /** @type {HTMLButtonElement} */ (byId(id)).disabled = !draft.editable;
}

/** @param {"undo" | "redo"} way */
async function step(way) {
  if (!draft.editable) return;
  try {
    await draft.step(way);
    say(t(`${way}.done`));
  } catch (error) {
    say(explain(error));
  }
}

/** @param {KeyboardEvent} event */
function keys(event) {
  if (isWriting(event)) return;
  const letter = event.key.toLowerCase();
  if ((event.ctrlKey || event.metaKey) && (letter === "z" || letter === "y")) {
    event.preventDefault();
    void step(letter === "y" || event.shiftKey ? "redo" : "undo");
  } else if (stage.tool.key?.(event)) event.preventDefault();
  else if (event.key === "Escape") {
    stage.tool.cancel?.();
    stage.pick([]);
    stage.choose(shape);
  } else if (event.key === "/" && !event.ctrlKey) {
    event.preventDefault();
    byId("q").focus();
  }
}

/** @returns {{name: string, areas: string[]}[]} */
function named() {
  const wanted = /** @type {HTMLInputElement} */ (byId("q")).value.trim().toLowerCase();
  if (!wanted) return [];
  const fits = (/** @type {{name: string, code: string | null}} */ one) => one.name.toLowerCase().includes(wanted) || (one.code ?? "").toLowerCase().includes(wanted);
  const beats = [...draft.policeGrids].filter(([, one]) => fits(one)).map(([id, one]) => ({ name: one.name, areas: [...draft.grids].filter(([, grid]) => grid.police_grid === id).map(([area]) => area) }));
  const grids = [...draft.grids].filter(([, one]) => fits(one)).map(([id, one]) => ({ name: one.name, areas: [id] }));
  return [...grids, ...beats].sort((a, b) => a.name.length - b.name.length);
}

function suggest() {
  fill(byId("found"), named().slice(0, FOUND_AT_MOST).map(({ name }) => h("option", { value: name })));
}

function find() {
  const [first] = named();
  if (first) show(first.areas);
  else if (/** @type {HTMLInputElement} */ (byId("q")).value) say(t("search.nothing"));
}

/** @param {string} area */
function editGrid(area) {
  const grid = draft.grids.get(area);
  if (!grid) return;
  const name = h("input", { name: "name", required: true, maxlength: 80, value: grid.name });
  const households = h("input", { name: "households", type: "number", min: 0, max: 100000, value: grid.households ?? "" });
  const population = h("input", { name: "population", type: "number", min: 0, max: 1000000, value: grid.population ?? "" });
  ask(t("grid.edit"), [field(t("grid.name"), name), field(t("figures.households"), households), field(t("figures.population"), population)], t("grid.save"), async () => {
    if (name.value.trim() !== grid.name) await draft.edit({ kind: "rename", grid: area, name: name.value.trim() });
    const [now, people] = [households, population].map((input) => (input.value === "" ? null : Number(input.value)));
    if (now !== (grid.households ?? null) || people !== (grid.population ?? null)) await draft.edit({ kind: "set_households", grid: area, households: now, population: people });
  });
}

function more() {
  const file = h("input", { type: "file", accept: ".json,.geojson,application/geo+json" });
  const snaps = h("input", { type: "checkbox", checked: stage.snaps });
  const help = h("dl", { class: "facts" }, ["undo", "redo", "escape", "delete", "search", "shift"].flatMap((key) => [h("dt", {}, h("kbd", { text: t(`keys.${key}`) })), h("dd", { text: t(`keys.${key}_what`) })]));
  const content = [field(t("guides.file"), file), h("label", { class: "choice" }, snaps, t("guides.snap")), h("h3", { text: t("keys.title") }), help];
  ask(t("more.title"), content, t("more.done"), async () => {
    stage.snaps = snaps.checked;
    const [chosen] = file.files ?? [];
    if (chosen) await guide(chosen);
    layer.redrawAbove();
  });
}

/** @param {File} file */
async function guide(file) {
  try {
    stage.guides = guidesFrom(await file.text());
    say(t("guides.read", { count: stage.guides.length }));
    const [course] = stage.guides;
    if (!draft.network.box() && course) fit(map, { west: course[0], east: course[0], north: course[1], south: course[1] });
  } catch (error) {
    if (!(error instanceof GuideError)) throw error;
    const detail = t(`guides.${error.code}`);
    throw new HttpError({ status: 422, code: error.code, title: detail, detail });
  }
}

// For tests and measurements in the browser: where a place is in the window.
Object.assign(window, { shuanggePlanner: { draft, stage, map, pixel: (/** @type {number} */ lon, /** @type {number} */ lat) => map.latLngToContainerPoint([lat, lon]), toPlane, UNITS } });
