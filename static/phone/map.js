// My ground on a map that needs no network: grids, my reports, where I stand, the base map as far as it is kept.

import { fill, h } from "../shared/dom.js";
import { explain } from "../shared/http.js";
import { dateTime, language, number, t } from "../shared/i18n.js";
import { boxOf } from "./geo.js";
import { grids, ownGrids } from "./ground.js";
import { alertBox, button, buttonLink } from "./parts.js";
import { GroundMap, featureOf } from "./pinmap.js";
import { watchPosition } from "./position.js";
import * as store from "./store.js";

/** @typedef {import("./context.js").Context} Context */
/** @typedef {{lon: number, lat: number, title: string, state: string, words: string, address: string, class_code: string}} Mark */

const MOST_MARKS = 200;
/** About 8 MB of pictures at 20 kB. */
const MOST_TILES = 400;
const DEEPEST = 17;

/** @type {import("./context.js").Screen} */
export async function mapScreen(root, context) {
  const element = h("div", { class: "pick-map ground-map", role: "application", "aria-label": t("ground.label") });
  const said = h("p", { role: "status", class: "muted" });
  const list = h("ul", { class: "list" });
  fill(
    root,
    h("h1", { tabindex: "-1", text: t("ground.title") }),
    element,
    said,
    h("details", { class: "card" }, h("summary", { text: t("ground.list") }), list),
    h("p", { class: "muted", text: credits(context) }),
    h(
      "div",
      { class: "action-bar" },
      button(t("where.locate.short"), () => screen.locate(), { id: "here" }),
      buttonLink("#/what", t("report.new"), { primary: true }),
    ),
  );
  const screen = new OwnGround(element, context, said);
  try {
    const [all, own] = [await grids(context), await ownGrids(context)];
    screen.showGrids(all, own);
    const names = own.map((grid) => h("li", {}, h("div", { class: "item" }, h("span", { class: "title", text: grid.name }), h("span", { class: "muted", text: grid.police_grid }))));
    fill(list, names);
    keepTiles(context.basemap, boxOf(own.map((grid) => grid.geometry)));
  } catch (error) {
    fill(said, alertBox(explain(error), "warning"));
  }
  screen.showMarks(await marks(context));
  return () => screen.leave();
}

/** The big map while it is open. */
class OwnGround extends GroundMap {
  /**
   * @param {HTMLElement} element
   * @param {Context} context
   * @param {HTMLElement} said
   */
  constructor(element, context, said) {
    super(element, context);
    this.labelsFrom = 15;
    this.said = said;
    this.stop = () => {};
    this.marks = L.layerGroup().addTo(this.map);
    this.here = L.layerGroup().addTo(this.map);
    /** @type {any[]} */
    this.features = [];
    this.map.on("zoomend", () => this.draw(this.features));
  }

  /**
   * @param {import("./ground.js").Grid[]} all
   * @param {import("./ground.js").Grid[]} own
   */
  showGrids(all, own) {
    const mine = new Set(own.map((grid) => grid.id));
    const part = own.length < all.length;
    this.isOwn = (/** @type {any} */ grid) => part && mine.has(grid.id);
    this.features = all.map(featureOf);
    const [west, south, east, north] = boxOf(own.map((grid) => grid.geometry));
    this.map.fitBounds([[south, west], [north, east]], { padding: [12, 12], animate: false });
    this.draw(this.features);
    this.said.textContent = t(part ? "ground.own" : "ground.whole", { n: number(own.length) });
  }

  /** @param {Mark[]} found */
  showMarks(found) {
    for (const mark of found) {
      const icon = L.divIcon({ className: "", html: dot(mark), iconSize: [28, 28] });
      const card = h("div", { class: "map-popup" }, h("h3", { text: mark.title }), h("p", { text: mark.words }), h("p", {}, h("a", { class: "btn", href: mark.address, text: t("ground.open") })));
      L.marker([mark.lat, mark.lon], { icon, title: mark.title, alt: `${mark.title}, ${mark.words}` }).bindPopup(card).addTo(this.marks);
    }
  }

  /** Where I stand, with the circle in which it truly is. */
  locate() {
    this.stop();
    this.said.textContent = t("gps.searching");
    this.stop = watchPosition(
      (fix) => {
        this.here.clearLayers();
        const colour = this.colours.getPropertyValue("--focus").trim();
        const at = [fix.lat, fix.lon];
        if (fix.accuracy_m) L.circle(at, { radius: fix.accuracy_m, color: colour, weight: 2, fillOpacity: 0.15, interactive: false }).addTo(this.here);
        L.circleMarker(at, { radius: 8, color: "white", weight: 3, fillColor: colour, fillOpacity: 1, interactive: false }).addTo(this.here);
        this.map.setView(at, Math.max(this.map.getZoom(), 17), { animate: false });
        this.said.textContent = t("ground.here", { metres: number(Math.ceil(fix.accuracy_m ?? 0)) });
      },
      (reason) => {
        if (reason) this.said.textContent = t(`gps.${reason}.short`);
      },
    );
  }

  leave() {
    this.stop();
    this.remove();
  }
}

/** @param {Mark} mark */
function dot(mark) {
  return h("span", { class: "hazard-marker own-mark", data: { class: mark.class_code, state: mark.state } });
}

/**
 * My reports: those of the station, as last heard, and those that still wait on this phone.
 * @param {Context} context
 * @returns {Promise<Mark[]>}
 */
async function marks(context) {
  const page = await store.freshOrKept(`/api/v1/cases?mine=true&limit=${MOST_MARKS}`, `${context.person} ${language()}`).catch(() => ({ cases: [] }));
  const sent = page.cases.map((/** @type {any} */ each) => ({
    lon: each.place.lon,
    lat: each.place.lat,
    title: each.class_title,
    state: each.state,
    words: `${each.state_title} · ${dateTime(each.found_at)}`,
    address: `#/case/${each.id}`,
    class_code: each.class_code,
  }));
  const here = (await store.reportsOf(context.person)).filter((report) => report.place && report.state !== "sent");
  const waiting = here.map((report) => ({
    lon: report.place?.lon ?? 0,
    lat: report.place?.lat ?? 0,
    title: report.class_title,
    state: "queued",
    words: t(`local.${report.state}`),
    address: report.state === "draft" ? "#/details" : `#/result/${report.id}`,
    class_code: report.class_code,
  }));
  return [...sent, ...waiting];
}

/** @param {Context} context */
function credits({ basemap, credit }) {
  const names = [basemap.credit, basemap.review, credit].filter(Boolean).join(" · ");
  return names ? t("map.credits", { names }) : "";
}

/**
 * Ask the service worker, where there is one, to keep the pictures of the own ground. Only our own: pictures of
 * other hosts are theirs to keep.
 * @param {import("./context.js").Basemap} basemap
 * @param {number[]} box
 */
function keepTiles(basemap, box) {
  const worker = navigator.serviceWorker?.controller;
  if (worker && basemap.kind === "mbtiles") worker.postMessage({ kind: "keep-tiles", urls: tilesOf(basemap, box) });
}

/**
 * The addresses of the pictures of a box, from coarse to fine, as many as a phone may keep.
 * @param {import("./context.js").Basemap} basemap
 * @param {number[]} box west, south, east, north, degrees
 * @returns {string[]}
 */
export function tilesOf(basemap, [west, south, east, north]) {
  const urls = [];
  for (let z = 10; z <= Math.min(DEEPEST, basemap.max_zoom); z++) {
    const [left, top] = tileAt(west, north, z);
    const [right, bottom] = tileAt(east, south, z);
    if (urls.length + (right - left + 1) * (bottom - top + 1) > MOST_TILES) break;
    for (let x = left; x <= right; x++) {
      for (let y = top; y <= bottom; y++) urls.push(basemap.url.replace("{z}", String(z)).replace("{x}", String(x)).replace("{y}", String(y)));
    }
  }
  return urls;
}

/**
 * Column and row of the tile that holds a point (web Mercator, rows from the north).
 * @param {number} lon
 * @param {number} lat
 * @param {number} z
 */
function tileAt(lon, lat, z) {
  const side = 2 ** z;
  const angle = (lat * Math.PI) / 180;
  return [Math.floor(((lon + 180) / 360) * side), Math.floor(((1 - Math.asinh(Math.tan(angle)) / Math.PI) / 2) * side)];
}
