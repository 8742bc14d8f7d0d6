// What the station allows strangers and asks of phones: saved as a whole, faults told at their fields.

import { byId, toast } from "../shared/dom.js";
import { send } from "../shared/http.js";
import { load, t } from "../shared/i18n.js";
import { sending } from "./problems.js";

await load("office");

const form = /** @type {HTMLFormElement} */ (byId("settings"));
const report = /** @type {HTMLInputElement} */ (byId("report"));
const read = /** @type {HTMLInputElement} */ (byId("read"));
const strict = /** @type {HTMLInputElement} */ (byId("strict"));
const unsatisfied = /** @type {HTMLSelectElement} */ (byId("unsatisfied"));
const approval = /** @type {HTMLInputElement} */ (byId("approval"));
const low = /** @type {HTMLInputElement} */ (byId("households-low"));
const high = /** @type {HTMLInputElement} */ (byId("households-high"));
const gps = /** @type {HTMLInputElement} */ (byId("gps"));

form.addEventListener("submit", (event) => {
  event.preventDefault();
  sending(form, save);
});

/** What stands in a field of numbers, null for nothing. @param {HTMLInputElement} field */
function whole(field) {
  return Number.isNaN(field.valueAsNumber) ? null : field.valueAsNumber;
}

async function save() {
  const metres = Number.isNaN(gps.valueAsNumber) ? null : gps.valueAsNumber;
  const wish = { open311: { report: report.checked, read: read.checked }, gps_threshold_m: metres, strict_end: strict.checked, unsatisfied: unsatisfied.value, plan_approval: approval.checked, grid_households: { low: whole(low), high: whole(high) } };
  const kept = await send("/api/v1/station-settings", wish, { method: "PATCH" });
  gps.value = String(kept.gps_threshold_m);
  toast(t("station.saved"));
}
