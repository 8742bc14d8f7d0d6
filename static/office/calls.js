// The page of calls: what rings and runs, what has ended, and the form to call with a map to point at the place.

import { Board, API, dressed, ringsForMe } from "../calls/board.js";
import { callForm } from "../calls/form.js";
import { listen } from "../calls/stream.js";
import { byId, fill, h, toast } from "../shared/dom.js";
import { explain, getJson } from "../shared/http.js";
import { load, t } from "../shared/i18n.js";

const data = byId("calls").dataset;
const police = data.police === "yes";
const title = document.title;
/** @type {import("../calls/form.js").Spot | null} */
let spot = null;
/** @type {any} */
let marker = null;
/** @type {any} */
let map = null;

await Promise.all([load("office"), dressed(load("calls"))]);

const mine = data.all === "yes" ? "" : "&mine=true";
const board = new Board(byId("open-calls"), {
  query: `state=open&limit=50${mine}`,
  changed: (calls) => {
    const ringing = calls.filter(ringsForMe).length;
    document.title = ringing ? `(${ringing}) ${title}` : title;
  },
});
const over = new Board(byId("ended-calls"), { query: `state=ended&limit=20${mine}` });
const again = () => {
  board.hear();
  over.hear();
};

fill(byId("call-form"), callForm({ police, place: chosen, where: whereField(), done: called }));
listen(again);
await Promise.all([board.load(), over.load()]).catch((error) => toast(explain(error)));
if (data.call) await one(data.call);
document.documentElement.dataset.ready = "true";

/** A call that a message links to: seen at once, wherever it stands. @param {string} id */
async function one(id) {
  try {
    const found = await getJson(`${API}/${id}`);
    (found.ended_at ? over : board).element.scrollIntoView({ block: "start" });
    document.querySelector(`[data-call="${found.id}"]`)?.scrollIntoView({ block: "center" });
  } catch (error) {
    toast(explain(error));
  }
}

function chosen() {
  if (!spot) throw new Error(t("calls.no_place"));
  return spot;
}

/** @param {any} call */
function called(call) {
  again();
  toast(t("calls.placed", { n: Object.values(call.called).reduce((sum, count) => Number(sum) + Number(count), 0) }));
  byId("open-calls").scrollIntoView({ block: "start" });
}

function whereField() {
  const said = h("p", { class: "muted", id: "call-where", role: "status", text: t("calls.no_place") });
  const locate = h("button", { class: "btn", type: "button", id: "call-locate", text: t("calls.locate"), on: { click: () => here(said) } });
  const element = h("div", { class: "call-map", id: "call-map", role: "region", "aria-label": t("calls.map") });
  queueMicrotask(() => pickMap(element, said));
  if (navigator.permissions) void navigator.permissions.query({ name: "geolocation" }).then((found) => found.state === "granted" && here(said));
  return h("div", { class: "field" }, h("span", { class: "label", text: t("calls.where") }), locate, element, said);
}

/** @param {HTMLElement} said */
function here(said) {
  said.textContent = t("calls.locating");
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => choose({ lon: coords.longitude, lat: coords.latitude, accuracy_m: coords.accuracy, method: "gps" }, said),
    () => (said.textContent = t("calls.not_located")),
    { enableHighAccuracy: true, timeout: 15_000 },
  );
}

/**
 * @param {import("../calls/form.js").Spot} found
 * @param {HTMLElement} said
 */
function choose(found, said) {
  spot = found;
  marker?.remove();
  marker = L.circleMarker([found.lat, found.lon], { radius: 10, weight: 3, className: "call-point" }).addTo(map);
  if (found.method === "gps") map.setView([found.lat, found.lon], 16, { animate: false });
  const accuracy = found.accuracy_m ? ` ±${Math.round(found.accuracy_m)} m` : "";
  said.textContent = `${t(found.method === "gps" ? "calls.at_me" : "calls.at_pin")} ${found.lat.toFixed(5)}, ${found.lon.toFixed(5)}${accuracy}`;
}

/**
 * @param {HTMLElement} element
 * @param {HTMLElement} said
 */
function pickMap(element, said) {
  const [west, south, east, north] = (data.box ?? "73,18,135,54").split(",").map(Number);
  map = L.map(element, { maxZoom: 20, attributionControl: Boolean(data.basemap) });
  map.attributionControl?.setPrefix(false);
  map.fitBounds([[south, west], [north, east]], { animate: false });
  if (data.basemap) L.tileLayer(data.basemap, { maxZoom: 20 }).addTo(map);
  map.on("click", (/** @type {any} */ event) => choose({ lon: event.latlng.lng, lat: event.latlng.lat, accuracy_m: 15, method: "pin" }, said));
  getJson("/ogc/collections/grids/items?limit=1000")
    .then((found) => L.geoJSON(found, { interactive: false, style: { className: "call-grid", weight: 1, fillOpacity: 0 } }).addTo(map))
    .catch((error) => toast(explain(error)));
}
