// What the reporter may do with the own case now: withdraw it, or say on the spot whether it is settled.

import { fill, h, toast } from "../shared/dom.js";
import { explain, getJson, send } from "../shared/http.js";
import { t } from "../shared/i18n.js";
import { button } from "./parts.js";
import { watchPosition } from "./position.js";

/** @typedef {import("./context.js").Context} Context */
/** @typedef {{verb: string, title: string, needs: string[]}} Step */

const OWN = ["withdraw", "verify", "send_back"];
const TIMEOUT_MS = 120_000;

/**
 * A place that fills itself with what may be done; it stays empty without network, and where nothing may be done.
 * @param {any} found the case
 * @param {Context} context
 */
export function caseSteps(found, context) {
  const place = h("section", { class: "card case-steps", hidden: true });
  void offer(place, found, context);
  return place;
}

/**
 * @param {HTMLElement} place
 * @param {any} found
 * @param {Context} context
 */
async function offer(place, found, context) {
  /** @type {Step[]} */
  let offered = [];
  try {
    offered = await getJson(`/api/v1/cases/${encodeURIComponent(found.id)}/steps`);
  } catch {
    return; // Offline the page shows what is kept; steps need the service anyway.
  }
  const own = offered.filter((step) => OWN.includes(step.verb));
  if (!own.length) return;
  fill(place, h("h2", { text: t("steps.title") }), own.map((step) => stepForm(step, found, context)));
  place.hidden = false;
}

/**
 * @param {Step} step
 * @param {any} found
 * @param {Context} context
 */
function stepForm(step, found, context) {
  const complaint = h("p", { class: "error", role: "alert", hidden: true });
  const busy = h("p", { class: "muted", role: "status" });
  const words = step.needs.includes("note") ? h("textarea", { id: `${step.verb}-note`, rows: 2, maxlength: 2000 }) : null;
  const photo = step.needs.includes("photo")
    ? h("input", { type: "file", id: `${step.verb}-photo`, accept: "image/*", capture: "environment" })
    : null;
  const act = button(step.title, () => void taken(), { primary: step.verb === "verify", id: `step-${step.verb}` });
  async function taken() {
    act.disabled = true;
    complaint.hidden = true;
    busy.textContent = t(step.needs.includes("place") ? "steps.locating" : "sending");
    try {
      const body = await filled(step, found, words?.value.trim() ?? "", photo?.files?.[0]);
      await send(`/api/v1/cases/${encodeURIComponent(found.id)}/steps/${step.verb}`, body, { timeout: TIMEOUT_MS });
      toast(t("steps.done"));
      context.again();
    } catch (error) {
      complaint.textContent = said(error);
      complaint.hidden = false;
      busy.textContent = "";
      act.disabled = false;
    }
  }
  return h(
    "details",
    { class: "case-step", data: { verb: step.verb } },
    h("summary", { text: step.title }),
    step.needs.includes("place") ? h("p", { class: "muted", text: t("steps.there") }) : null,
    words && h("div", { class: "field" }, h("label", { for: words.id, text: t("steps.words") }), words),
    photo && h("div", { class: "field" }, h("label", { for: photo.id, text: t("steps.photo") }), photo),
    complaint,
    busy,
    act,
  );
}

/**
 * The first thing that is wrong, in words.
 * @param {any} error
 */
function said(error) {
  const wrong = error?.problem?.errors ?? [];
  return wrong.length ? wrong.map((/** @type {any} */ each) => each.detail).join(" ") : explain(error);
}

/**
 * @param {Step} step
 * @param {any} found
 * @param {string} note
 * @param {File | undefined} photo
 */
async function filled(step, found, note, photo) {
  const body = new FormData();
  body.set("revision", String(found.revision));
  if (note) body.set("note", note);
  if (photo) body.set("photo", await small(photo), "photo.jpg");
  const fix = step.needs.includes("place") ? await position() : null;
  if (fix) {
    body.set("lon", String(fix.lon));
    body.set("lat", String(fix.lat));
    body.set("accuracy_m", String(fix.accuracy_m ?? 0));
  }
  return body;
}

/**
 * A photo as it is sent; raises when it is no picture.
 * @param {File} photo
 */
async function small(photo) {
  const { shrunk } = await import("./shrink.js");
  return (await shrunk(photo)).blob;
}

/** @returns {Promise<import("./position.js").Fix | null>} the best fix of a few seconds */
function position() {
  return new Promise((done) => {
    /** @type {import("./position.js").Fix | null} */
    let best = null;
    watchPosition(
      (fix) => (best = fix),
      () => done(best),
    );
  });
}
