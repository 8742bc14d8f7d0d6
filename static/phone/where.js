// Step 2: where it is. The phone's position, else a pin on the map, else a grid from the list.

import { fill, h } from "../shared/dom.js";
import { HttpError, explain, getJson } from "../shared/http.js";
import { number, t } from "../shared/i18n.js";
import { change, draft } from "./draft.js";
import { gridPicker } from "./gridpicker.js";
import { button, buttonLink, steps } from "./parts.js";
import { PinMap } from "./pinmap.js";
import { POOR_M, watchPosition } from "./position.js";

/** @typedef {import("./records.js").Place} Place */

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
      button(t("where.locate"), () => this.locate(), { drawing: "locate", id: "locate" }),
      this.addressField(),
      gridPicker(this.context, (place, ground) => this.take(place, ground)),
      this.credits(),
      this.bar(),
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

  bar() {
    const next = button(t("next"), () => this.next(), { primary: true, id: "next" });
    return h("div", { class: "action-bar" }, buttonLink("#/what", t("back")), next);
  }

  /** Who made the base map and the station's data; below the map, which is too small for it. */
  credits() {
    const { basemap, credit } = this.context;
    const names = [basemap.credit, basemap.review, credit].filter(Boolean).join(" · ");
    return names ? h("p", { class: "muted", text: t("map.credits", { names }) }) : null;
  }

  next() {
    if (draft()?.place) this.context.go("#/details");
    else this.complain(t("where.needed"));
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
    const metres = place.accuracy_m === null ? "" : number(Math.ceil(place.accuracy_m));
    const poor = place.method === "gps" && (place.accuracy_m === null || place.accuracy_m > POOR_M);
    const key = { gps: metres ? "place.gps" : "place.gps.unknown", pin: "place.pin", grid: "place.grid" }[place.method];
    this.words.textContent = t(key, { metres }) + (poor && metres ? ` ${t("place.poor")}` : "");
    this.words.dataset.tone = poor ? "warning" : "success";
  }

  /**
   * Ask whose ground it is. The report does not need the answer: the service finds it again.
   * @param {Place} place
   */
  async ask(place) {
    this.asked.abort();
    this.asked = new AbortController();
    const { signal } = this.asked;
    const wanted = new URLSearchParams({ lon: String(place.lon), lat: String(place.lat), crs: place.crs });
    if (place.accuracy_m !== null) wanted.set("accuracy_m", String(place.accuracy_m));
    try {
      const found = await getJson(`/api/v1/locate?${wanted}`, { signal });
      const ground = { grid: found.grid.name, police_grid: found.police_grid.name, neighbour: found.neighbour?.name ?? "" };
      this.tell(ground);
      change({ ground });
    } catch (error) {
      if (signal.aborted) return;
      const known = error instanceof HttpError && !error.passing;
      this.ground.textContent = known ? "" : t("ground.later");
      if (known) this.complain(fieldWords(error));
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
  }
}

/** @param {HttpError} error */
function fieldWords(error) {
  return error.problem.errors?.map((problem) => problem.detail).join(" ") || explain(error);
}
