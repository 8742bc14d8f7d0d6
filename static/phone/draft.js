// The one report that is being written; every change is on the phone's disk at once.

import { uuid } from "./sha256.js";
import * as store from "./store.js";

/** @typedef {import("./records.js").Report} Report */
/** @typedef {import("./records.js").HazardClass} HazardClass */

/** @type {Report | null} */
let present = null;
/** What of the draft is known to be on the disk: only what differs from it is written, other tabs write too. */
/** @type {Report | null} */
let onDisk = null;
/** Changes on their way to the disk: until they are there, what is read from it is older than what is here. */
let writing = 0;

/** The report that is being written, if any. */
export function draft() {
  return present;
}

/**
 * Find the draft again after the page was reloaded or closed.
 * @param {string} person
 */
export async function restore(person) {
  take((await store.reportsOf(person)).find((report) => report.state === "draft") ?? null);
}

/** @param {Report | null} report */
function take(report) {
  present = report;
  onDisk = report && structuredClone(report);
}

/**
 * Take over what another tab did to the draft; says whether something differs here now.
 * @param {string} person
 */
export async function refresh(person) {
  if (writing) return false;
  const stored = present ? await store.report(present.id) : (await store.reportsOf(person)).find((each) => each.state === "draft");
  if (!stored || stored.state !== "draft") {
    const gone = Boolean(present && onDisk);
    if (gone) take(null);
    return gone;
  }
  if (writing || stored.changed_at === onDisk?.changed_at) return false;
  if (!present) return take(stored), true;
  // The same objects: the screens hold them.
  const { answers, ...rest } = stored;
  Object.assign(present, rest);
  Object.assign(present.answers, answers);
  onDisk = structuredClone(present);
  return true;
}

/**
 * Choose a class: begins a report, or changes the class of the one being written.
 * @param {HazardClass} chosen
 * @param {string} person
 */
export async function choose(chosen, person) {
  if (!present) await restore(person);
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
 * Change the draft and keep it. Only what was changed here is written over what is on the disk; a draft that
 * another tab has sent or thrown away is not brought back.
 * @param {Partial<Report>} changes
 */
export async function change(changes) {
  if (!present) return;
  const mine = Object.assign(present, changes);
  const base = onDisk;
  const now = structuredClone(mine);
  onDisk = now;
  writing++;
  const stored = await store
    .change(mine.id, (found) => {
      if (!found) return base ? undefined : now;
      if (found.state !== "draft" && base?.state === "draft") return undefined;
      return merged(found, now, base ?? found);
    })
    .finally(() => writing--);
  if (present !== mine) return;
  if (!stored || (stored.state !== "draft" && mine.state === "draft")) return take(null);
  mine.changed_at = stored.changed_at;
  if (onDisk) onDisk.changed_at = stored.changed_at;
}

/**
 * What is on the disk with what differs here from what was known of it; answers one by one.
 * @param {Report} found
 * @param {Report} mine
 * @param {Report} base
 * @returns {Report}
 */
function merged(found, mine, base) {
  const differs = (/** @type {any} */ a, /** @type {any} */ b) => JSON.stringify(a) !== JSON.stringify(b);
  const changed = Object.entries(mine).filter(([key, value]) => key !== "answers" && differs(value, Reflect.get(base, key)));
  const answered = Object.entries(mine.answers).filter(([key, value]) => differs(value, base.answers[key]));
  return { ...found, ...Object.fromEntries(changed), answers: { ...found.answers, ...Object.fromEntries(answered) } };
}

/** Throw the draft away, with its photos. */
export async function discard() {
  const gone = present;
  take(null);
  if (gone) await store.drop(gone.id);
}

/** Leave the draft to the outbox; the next choice of a class begins another. */
export function release() {
  const left = present;
  take(null);
  return left;
}

/**
 * Take a report that could not be sent, or that the station keeps, back to be corrected.
 * @param {Report} report
 */
export async function reopen(report) {
  // What was being written waits among the unsent ones rather than being lost.
  if (present && present.id !== report.id) await change({ state: "unsent", fixable: true, queued_at: new Date().toISOString() });
  take(report);
  // A clock that was wrong has been set right meanwhile, or the person was told to.
  const late = report.problems.some((problem) => problem.pointer.startsWith("/found_at"));
  const found_at = late ? new Date().toISOString() : report.found_at;
  await change({ state: "draft", error: "", error_code: "", found_at, timed: false, tries: 0 });
}
