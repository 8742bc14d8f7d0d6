// Calls on the map: what rings for the reader over the map, its place as a mark, and "call here" by a long press.

import { Board, dressed } from "../calls/board.js";
import { callForm, openDialog } from "../calls/form.js";
import { byId, h, toast } from "../shared/dom.js";
import { explain } from "../shared/http.js";
import { load, t } from "../shared/i18n.js";
import { calm, colour, config, map } from "./config.js";

const POLICE = ["officer", "station_chief"];
const CALLERS = [...POLICE, "grid_worker", "mediator", "volunteer"];
const PIN_M = 15;
/** @type {Record<string, string>} */
const TONES = { ringing: "tone-new-solid", acknowledged: "tone-work-solid", answered: "tone-done-solid" };

export class MapCalls {
  constructor() {
    this.marks = L.layerGroup().addTo(map);
    /** @type {Board | null} */
    this.board = null;
  }

  /** Draw the calls of the reader, and listen for the long press. */
  async start() {
    if (!CALLERS.includes(config.role)) return;
    await dressed(load("calls"));
    // The page's shell knows no form mark; what is sent from here needs it.
    document.head.append(h("meta", { name: "csrf", content: config.csrf }));
    const dock = h("section", { class: "call-dock", id: "call-dock", "aria-label": t("calls.dock") });
    byId("main").append(dock);
    L.DomEvent.disableClickPropagation(dock);
    L.DomEvent.disableScrollPropagation(dock);
    const cards = h("div");
    const button = h("button", { class: "btn call-open", type: "button", text: t("calls.call"), on: { click: () => this.form(map.getCenter()) } });
    dock.append(button, cards);
    this.board = new Board(cards, { empty: false, changed: (calls) => this.mark(calls) });
    map.on("contextmenu", (/** @type {any} */ event) => this.offer(event.latlng));
    await this.board.load().catch((error) => toast(explain(error)));
  }

  /** Something happened to a call that the reader may see. */
  hear() {
    this.board?.hear();
  }

  /** @param {import("../calls/board.js").Call[]} calls */
  mark(calls) {
    this.marks.clearLayers();
    for (const call of calls) {
      const words = h("span", { text: `${call.kind_title} · ${call.state_title}` });
      const tone = colour(TONES[call.state] ?? "tone-out-solid");
      const mark = L.circleMarker([call.lat, call.lon], { radius: 13, weight: 4, color: tone, fillColor: tone, fillOpacity: 0.25 });
      mark.bindTooltip(words).on("click", () => this.focus(call.id)).addTo(this.marks);
    }
  }

  /** @param {string} id */
  focus(id) {
    const card = document.querySelector(`#call-dock [data-call="${id}"]`);
    card?.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
    card?.querySelector("button")?.focus();
  }

  /** A small card at the place that was pressed. @param {any} at */
  offer(at) {
    const button = h("button", { class: "btn btn-primary", type: "button", id: "call-here", text: t("calls.call_here"), on: { click: () => this.form(at) } });
    const card = h("article", { class: "map-popup" }, h("p", { class: "number muted", text: `${at.lat.toFixed(5)}, ${at.lng.toFixed(5)}` }), button);
    L.popup({ maxWidth: 260 }).setLatLng(at).setContent(card).openOn(map);
  }

  /** @param {any} at */
  form(at) {
    map.closePopup();
    const spot = { lon: at.lng, lat: at.lat, accuracy_m: PIN_M, method: "pin" };
    const where = h("p", { class: "number muted", text: `${spot.lat.toFixed(5)}, ${spot.lon.toFixed(5)}` });
    openDialog(t("calls.call_here"), (close) =>
      callForm({
        police: POLICE.includes(config.role),
        place: () => spot,
        where,
        done: () => {
          close();
          this.hear();
        },
      }),
    );
  }
}
