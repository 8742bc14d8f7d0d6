// A place's QR code was scanned: the report that follows lies there, without any satellite.

import { fill, h } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { change, draft } from "./draft.js";
import { alertBox, button, buttonLink } from "./parts.js";
import * as store from "./store.js";

/** @typedef {{code: string, name: string, kind: string, lon: number, lat: number}} NamedPlace */

/** Within which a code on a wall may be read, metres. */
const SIGN_M = 30;
/** A code that was read longer ago says nothing of the present report. */
const FRESH_MS = 600_000;

/** @type {{place: NamedPlace, at: number} | null} */
let read = null;

/** The place whose code was read last, for a report that has not begun yet. */
export function waitingPlace() {
  return read && Date.now() - read.at < FRESH_MS ? read.place : null;
}

/** Put the draft where the code was read; an address that was written stays. */
export async function usePlace() {
  const place = waitingPlace();
  const present = draft();
  if (!place || !present) return;
  read = null;
  await change({
    place: { lon: place.lon, lat: place.lat, crs: "wgs84", accuracy_m: SIGN_M, method: "place" },
    ground: null,
    address: present.address.trim() || place.name,
    problems: [],
  });
}

/** @type {import("./context.js").Screen} */
export async function fromScreen(root, context, code) {
  try {
    const place = await store.freshOrKept(`/api/v1/places/by-code/${encodeURIComponent(code)}`, "");
    read = { place, at: Date.now() };
  } catch {
    const again = button(t("again"), context.again, { drawing: "code" });
    fill(
      root,
      h("h1", { tabindex: "-1", text: t("from.title") }),
      alertBox(t("from.unknown"), "warning"),
      h("div", { class: "action-bar" }, again, buttonLink(draft() ? "#/where" : "#/what", t("from.without"), { primary: true })),
    );
    return;
  }
  const started = Boolean(draft());
  await usePlace();
  context.go(started ? "#/where" : "#/what");
}
