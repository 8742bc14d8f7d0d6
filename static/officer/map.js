// The officer's map: puts layers, cases, panel, search and live news together.

import { byId, h, toast } from "../shared/dom.js";
import { explain, getJson } from "../shared/http.js";
import { load, number, t } from "../shared/i18n.js";
import { Areas } from "./areas.js";
import { addBasemap, addCredits } from "./basemap.js";
import { BoxLoader } from "./boxed.js";
import { MapCalls } from "./calls.js";
import { Cases, isOpen, serverState } from "./cases.js";
import { calm, config, map } from "./config.js";
import { addButtons, addLayerControl, fitField } from "./controls.js";
import { addLegend } from "./legend.js";
import { Live } from "./live.js";
import { Markers } from "./markers.js";
import { Notices } from "./notices.js";
import { Panel } from "./panel.js";
import { Search } from "./search.js";

/** @typedef {import("./search.js").Found} Found */

const CASES = "/ogc/collections/cases/items";
const FIELD_LIMIT = 1000;
const AROUND = 0.0003;

/** @param {unknown} error */
const failed = (error) => toast(explain(error));

async function start() {
  await load("map");
  fitField();
  addCredits();
  addBasemap();
  const cases = new Cases();
  const markers = new Markers(cases);
  const areas = new Areas(failed);
  const loader = caseLoader(cases, markers);
  const groups = new Map([...areas.layers].map(([id, layer]) => [id, layer.group]));
  groups.set("cases", markers.group.addTo(map));
  addLayerControl(groups);
  addLegend((id) => groups.has(id) && map.hasLayer(groups.get(id)));
  addButtons();
  const panel = new Panel(cases, markers, () => void loader.again());
  const goTo = (/** @type {Found} */ found) => go(found, cases, markers, areas).catch(failed);
  new Search((found) => void goTo(found));
  await Promise.all([loader.now(), loadField(cases).catch(failed)]);
  panel.draw();
  const calls = new MapCalls();
  await calls.start().catch(failed);
  listen(cases, markers, areas, calls);
  // Leaflet hears Escape only while the map itself has the focus, not a link in the card.
  document.addEventListener("keydown", (event) => event.key === "Escape" && map.closePopup());
  await goNamed(cases, markers, areas).catch(failed);
  document.documentElement.dataset.ready = "true";
}

/**
 * @param {Cases} cases
 * @param {Markers} markers
 */
function caseLoader(cases, markers) {
  return new BoxLoader({
    url: CASES,
    minZoom: 0,
    params: () => ({ state: serverState(cases.state) }),
    wanted: () => map.hasLayer(markers.group),
    take: (features, box, whole) => {
      const note = byId("truncated");
      note.hidden = whole;
      note.textContent = whole ? "" : t("list.truncated", { count: number(features.length) });
      cases.settle(features, box, whole);
    },
    failed,
  });
}

/** The open cases of the whole field, wherever the map stands. @param {Cases} cases */
async function loadField(cases) {
  const answer = await getJson(`${CASES}?state=open&limit=${FIELD_LIMIT}`);
  cases.put(answer.features);
}

/**
 * Go to the case that the address names, as the case page does: /map?case=<number>.
 * @param {Cases} cases
 * @param {Markers} markers
 * @param {Areas} areas
 */
async function goNamed(cases, markers, areas) {
  const number = new URLSearchParams(location.search).get("case");
  if (!number) return;
  const answer = await getJson(`/api/v1/search?${new URLSearchParams({ q: number })}`);
  const found = answer.find((/** @type {Found} */ item) => item.kind === "case" && item.title === number);
  if (found) await go(found, cases, markers, areas);
  else toast(t("search.gone"));
}

/**
 * Go to what was found.
 * @param {Found} found
 * @param {Cases} cases
 * @param {Markers} markers
 * @param {Areas} areas
 */
async function go(found, cases, markers, areas) {
  if (found.kind === "case") {
    const { lon, lat } = found;
    const box = [lon - AROUND, lat - AROUND, lon + AROUND, lat + AROUND].join(",");
    const answer = await getJson(`${CASES}?bbox=${box}&limit=${FIELD_LIMIT}`);
    const feature = answer.features.find((/** @type {{id: string}} */ item) => item.id === found.id);
    if (!feature) return toast(t("search.gone"));
    cases.pin(feature);
    queueMicrotask(() => markers.show(found.id));
    return;
  }
  map.setView([found.lat, found.lon], 17, { animate: !calm });
  const card = h("article", { class: "map-popup" }, h("h3", { text: found.title }), h("p", { class: "muted", text: t(`search.kind_${found.kind}`) }));
  L.popup({ maxWidth: 260 }).setLatLng([found.lat, found.lon]).setContent(card).openOn(map);
  if (found.kind === "grid") setTimeout(() => areas.flash(found.id), 700);
}

/**
 * @param {Cases} cases
 * @param {Markers} markers
 * @param {Areas} areas
 * @param {MapCalls} calls
 */
function listen(cases, markers, areas, calls) {
  const notices = new Notices((id) => markers.show(id));
  const live = new Live((news) => {
    if (news.subject_kind === "plan") return areas.again();
    if (news.subject_kind === "call") return calls.hear();
    if (news.subject_kind !== "case") return;
    const { feature } = news;
    if (!feature) return cases.drop(news.subject_id);
    const known = cases.all.has(feature.id);
    // What happened before this page was made is told again to be safe; it is no news.
    const fresh = news.name === "cases.reported" && isOpen(feature) && (news.id > config.last_event || !known);
    cases.put([feature]);
    if (!fresh) return;
    queueMicrotask(() => markers.pulse(feature.id));
    notices.tell(feature);
  });
  live.start();
}

await start();
