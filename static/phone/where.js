// Step 2: where it is. The phone's position, else a place's code, a pin, a grid from the list, or an address.

import { fill, h } from "../shared/dom.js";
import { HttpError, explain, getJson } from "../shared/http.js";
import { number, t } from "../shared/i18n.js";
import { change, draft } from "./draft.js";
import { metres } from "./geo.js";
import { gridPicker } from "./gridpicker.js";
import { groundAt } from "./ground.js";
import { nearby, same } from "./nearby.js";
import { button, buttonLink, steps } from "./parts.js";
import { PinMap } from "./pinmap.js";
import { watchPosition } from "./position.js";
import { canScan } from "./scan.js";

/** @typedef {import("./records.js").Place} Place */

/** Rough, where the station has not said otherwise. */
const ROUGH_M = 50;
/** Whoever stands in no station's ground (none is set) can't be placed by an address alone. */
const WIDEST_M = 100_000;

/** @type {import("./context.js").Screen} */
export async function whereScreen(root, context) {
  const present = draft();
  if (!present) return context.go("#/what");
  const screen = new Where(context);
  screen.build(root);
  return () => screen.leave();
}

/** The screen while it is open: what the phone knows, and what the person chose instead. */
class Where {
  /** @param {import("./context.js").Context} context */
  constructor(context) {
    this.context = context;
    this.words = h("p", { class: "place-words", role: "status" });
    this.ground = h("p", { class: "place-ground", role: "status" });
    this.complaint = h("p", { class: "error", role: "alert", hidden: true });
    this.asked = new AbortController();
    this.stop = () => {};
    this.nextButton = button(t("next"), () => this.next(), { primary: true, id: "next" });
    /** @type {PinMap | null} */
    this.map = null;
  }

  /** @param {HTMLElement} root */
  build(root) {
    const present = draft();
    const map = h("div", { class: "pick-map", role: "application", "aria-label": t("map.label") });
    fill(
      root,
      steps("where"),
      h("h1", { tabindex: "-1", text: t("where.title") }),
      h("div", { class: "card place-card" }, this.words, this.ground, this.complaint),
      map,
      h("p", { class: "muted", text: t("where.hint") }),
      h(
        "div",
        { class: "row pair" },
        button(t("where.locate"), () => this.locate(), { drawing: "locate", id: "locate" }),
        canScan() ? buttonLink("#/scan", t("scan.open"), { drawing: "code" }) : null,
      ),
      this.addressField(),
      gridPicker(this.context, (place, ground) => this.take(place, ground)),
      this.credits(),
      h("div", { class: "action-bar" }, buttonLink("#/what", t("back")), this.nextButton),
    );
    this.map = new PinMap(map, this.context, (lon, lat) => {
      this.take({ lon, lat, crs: "wgs84", accuracy_m: null, method: "pin" });
    });
    const wrong = present?.problems.find((problem) => problem.pointer.startsWith("/place"));
    if (wrong) this.complain(wrong.detail);
    if (present?.place) this.recall(present.place);
    else this.locate();
  }

  addressField() {
    const input = h("input", {
      id: "address",
      value: draft()?.address ?? "",
      maxlength: 200,
      autocomplete: "off",
      placeholder: t("where.address.example"),
      on: { input: () => change({ address: input.value }) },
    });
    return h("div", { class: "field" }, h("label", { for: "address", text: t("where.address") }), input);
  }

  /** Who made the base map and the station's data; below the map, which is too small for it. */
  credits() {
    const { basemap, credit } = this.context;
    const names = [basemap.credit, basemap.review, credit].filter(Boolean).join(" · ");
    return names ? h("p", { class: "muted", text: t("map.credits", { names }) }) : null;
  }

  /** Go on with what there is; an address alone is enough. */
  async next() {
    const present = draft();
    if (!present) return this.context.go("#/what");
    if (!present.place && present.address.trim()) await change({ place: this.somewhere() });
    if (!present.place) return this.complain(t("where.needed"));
    this.nextButton.setAttribute("aria-busy", "true");
    const known = await same(present);
    if (this.map) this.context.go(known.length ? "#/same" : "#/details");
  }

  /**
   * The middle of the station's ground, with a circle that holds all of it: no more is known from an address.
   * @returns {Place | null}
   */
  somewhere() {
    const [west, south, east, north] = this.context.box;
    const middle = { lon: (west + east) / 2, lat: (south + north) / 2 };
    const accuracy_m = Math.ceil(metres(middle, { lon: east, lat: north }));
    return accuracy_m > WIDEST_M ? null : { ...middle, crs: "wgs84", accuracy_m, method: "address" };
  }

  /** @param {string} text */
  complain(text) {
    this.complaint.textContent = text;
    this.complaint.hidden = !text;
    if (text) this.complaint.scrollIntoView({ block: "center" });
  }

  /** Ask the phone for its position; whatever the person sets meanwhile counts more. */
  locate() {
    this.stop();
    this.words.textContent = t("gps.searching");
    this.ground.textContent = "";
    this.stop = watchPosition(
      (fix) => this.take({ ...fix, crs: "wgs84", method: "gps" }),
      (reason) => {
        if (reason) this.words.textContent = t(`gps.${reason}`);
        if (reason) this.words.dataset.tone = "warning";
      },
    );
  }

  /** @param {Place} place */
  recall(place) {
    this.say(place);
    this.map?.show(place, true);
    this.ask(place);
  }

  /**
   * @param {Place} place
   * @param {import("./records.js").Ground} [ground]
   */
  take(place, ground) {
    if (place.method !== "gps") this.stop();
    this.complain("");
    change({ place, ground: ground ?? null, problems: [] });
    this.say(place);
    this.map?.show(place, place.method !== "pin");
    this.ask(place);
  }

  /** @param {Place} place */
  say(place) {
    const radius = place.accuracy_m === null ? "" : number(Math.ceil(place.accuracy_m));
    const rough = place.accuracy_m === null || place.accuracy_m > (this.context.threshold_m ?? ROUGH_M);
    const poor = place.method === "gps" && rough;
    const key = place.method === "gps" && !radius ? "place.gps.unknown" : `place.${place.method}`;
    this.words.textContent = t(key, { metres: radius }) + (poor && radius ? ` ${t("place.poor")}` : "");
    this.words.dataset.tone = poor || place.method === "address" ? "warning" : "success";
  }

  /**
   * Ask whose ground it is. The report does not need the answer: the service finds it again.
   * @param {Place} place
   */
  async ask(place) {
    this.asked.abort();
    this.asked = new AbortController();
    const { signal } = this.asked;
    const present = draft();
    if (present) nearby(present);
    const wanted = new URLSearchParams({ lon: String(place.lon), lat: String(place.lat), crs: place.crs });
    if (place.accuracy_m !== null) wanted.set("accuracy_m", String(place.accuracy_m));
    try {
      const found = await getJson(`/api/v1/locate?${wanted}`, { signal });
      const ground = { grid: found.grid.name, police_grid: found.police_grid.name, neighbour: found.neighbour?.name ?? "" };
      this.tell(ground);
      change({ ground });
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof HttpError && !error.passing) {
        this.ground.textContent = "";
        return this.complain(fieldWords(error));
      }
      const kept = await groundAt(this.context, place).catch(() => null);
      if (signal.aborted) return;
      if (kept) this.tell(kept);
      else this.ground.textContent = t("ground.later");
    }
  }

  /** @param {import("./records.js").Ground} ground */
  tell(ground) {
    const near = ground.neighbour ? ` ${t("ground.near", { grid: ground.neighbour })}` : "";
    this.map?.highlight(ground.grid);
    this.ground.textContent = t("ground.receives", { grid: ground.grid, police_grid: ground.police_grid }) + near;
  }

  leave() {
    this.stop();
    this.asked.abort();
    this.map?.remove();
    this.map = null;
  }
}

/** @param {HttpError} error */
function fieldWords(error) {
  return error.problem.errors?.map((problem) => problem.detail).join(" ") || explain(error);
}
