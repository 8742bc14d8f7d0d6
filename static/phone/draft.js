// The one report that is being written; every change is on the phone's disk at once.

import { uuid } from "./sha256.js";
import * as store from "./store.js";

/** @typedef {import("./records.js").Report} Report */
/** @typedef {import("./records.js").HazardClass} HazardClass */

/** @type {Report | null} */
let present = null;

/** The report that is being written, if any. */
export function draft() {
  return present;
}

/**
 * Find the draft again after the page was reloaded or closed.
 * @param {string} person
 */
export async function restore(person) {
  present = (await store.reportsOf(person)).find((report) => report.state === "draft") ?? null;
}

/**
 * Choose a class: begins a report, or changes the class of the one being written.
 * @param {HazardClass} chosen
 * @param {string} person
 */
export async function choose(chosen, person) {
  present ??= blank(person);
  await change({ class_code: chosen.code, class_version: chosen.version, class_title: chosen.title, problems: [] });
}

/**
 * @param {string} person
 * @returns {Report}
 */
function blank(person) {
  const now = new Date().toISOString();
  return {
    id: uuid(),
    batch_id: uuid(),
    person,
    state: "draft",
    class_code: "",
    class_version: 0,
    class_title: "",
    answers: {},
    place: null,
    ground: null,
    address: "",
    note: "",
    found_at: now,
    changed_at: now,
    problems: [],
    error: "",
    fixable: false,
    signed_out: false,
    receipt: null,
  };
}

/**
 * Change the draft and keep it.
 * @param {Partial<Report>} changes
 */
export async function change(changes) {
  if (!present) return;
  Object.assign(present, changes);
  await store.keep(present);
}

/** Throw the draft away, with its photos. */
export async function discard() {
  const gone = present;
  present = null;
  if (gone) await store.drop(gone.id);
}

/** Leave the draft to the outbox; the next choice of a class begins another. */
export function release() {
  const left = present;
  present = null;
  return left;
}

/**
 * Take a report that could not be sent, or that the station keeps, back to be corrected.
 * @param {Report} report
 */
export async function reopen(report) {
  // What was being written waits among the unsent ones rather than being lost.
  if (present && present.id !== report.id) await change({ state: "unsent", fixable: true });
  present = report;
  // A clock that was wrong has been set right meanwhile, or the person was told to.
  const late = report.problems.some((problem) => problem.pointer.startsWith("/found_at"));
  await change({ state: "draft", error: "", found_at: late ? new Date().toISOString() : report.found_at });
}
