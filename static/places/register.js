// The register of places: add on a map, change, close.

import { byId } from "../shared/dom.js";
import { explain, getJson, HttpError, send } from "../shared/http.js";
import { load, t } from "../shared/i18n.js";
import { newId } from "../office/ids.js";
import { sending } from "../office/problems.js";

await load("places");

for (const button of document.querySelectorAll("[data-close]")) {
  button.addEventListener("click", () => close(row(button)));
}

/** @param {Element} button */
function row(button) {
  return /** @type {HTMLElement} */ (button.closest("[data-place]"));
}

/** @param {HTMLElement} item */
async function close(item) {
  if (!window.confirm(t("places.close_ask", { name: item.dataset.name }))) return;
  const problem = byId("list-problem");
  problem.hidden = true;
  try {
    await send(`/api/v1/places/${item.dataset.place}/close`, null);
    location.reload();
  } catch (error) {
    problem.textContent = explain(error);
    problem.hidden = false;
  }
}

const form = /** @type {HTMLFormElement | null} */ (document.getElementById("edit"));
if (form) edit(form);

/** @param {HTMLFormElement} form */
function edit(form) {
  /** @type {{lng: number, lat: number} | null} */
  let point = null;
  let mended = "";
  // The same try again is the same place.
  let id = newId();
  const map = L.map("place-map", { maxZoom: 20, attributionControl: false });
  const [west, south, east, north] = (form.dataset.box ?? "").split(",").map(Number);
  map.fitBounds([[south, west], [north, east]]);
  L.control.scale({ imperial: false }).addTo(map);
  const colour = getComputedStyle(document.documentElement).getPropertyValue("--primary").trim();
  const pin = L.circleMarker([0, 0], { radius: 9, weight: 3, color: "#fff", fillColor: colour, fillOpacity: 1 });
  drawGround(map);
  map.on("click", (/** @type {any} */ event) => put(event.latlng.wrap()));

  /** @param {any} at */
  function put(at) {
    point = at;
    pin.setLatLng(at).addTo(map);
    byId("point").textContent = `${at.lng.toFixed(6)}, ${at.lat.toFixed(6)}`;
  }

  for (const button of document.querySelectorAll("[data-mend]")) {
    button.addEventListener("click", () => {
      const { place, name, kind, lon, lat } = row(button).dataset;
      mended = place ?? "";
      /** @type {HTMLInputElement} */ (byId("name")).value = name ?? "";
      /** @type {HTMLSelectElement} */ (byId("kind")).value = kind ?? "";
      byId("edit-title").textContent = t("places.change", { name });
      byId("anew").hidden = false;
      put(L.latLng(Number(lat), Number(lon)));
      map.setView([Number(lat), Number(lon)], 17);
      byId("name").focus();
    });
  }
  byId("anew").addEventListener("click", () => location.assign("/places"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sending(form, save);
  });

  async function save() {
    const said = new FormData(form ?? undefined);
    const body = { name: String(said.get("name") ?? "").trim(), kind: said.get("kind"), lon: point?.lng, lat: point?.lat };
    if (!point) throw new HttpError({ status: 422, code: "refused", title: "", detail: t("places.no_point") });
    if (mended) await send(`/api/v1/places/${mended}`, { ...body, kind: body.kind || undefined }, { method: "PATCH" });
    else await send("/api/v1/places", { id, ...body });
    id = newId();
    location.assign(`/places?q=${encodeURIComponent(body.name)}`);
  }
}

/** @param {any} map */
async function drawGround(map) {
  const found = await getJson("/ogc/collections/police_grids/items?limit=200");
  const line = getComputedStyle(document.documentElement).getPropertyValue("--map-police-line").trim();
  const layer = L.geoJSON(found, { interactive: false, style: { color: line, weight: 1.5, fillOpacity: 0.03 } }).addTo(map);
  layer.bringToBack();
}
