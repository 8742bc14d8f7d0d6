// What stays on the phone, for the screens: reports with their photos, and copies of the lists that a form needs.

import { HttpError, getJson } from "../shared/http.js";
import { has, t } from "../shared/i18n.js";
import { heldInMemory, holdInMemory, openedDatabase, readAll, readOne, remove, update, write } from "./database.js";
import { announce } from "./sender.js";

/** @typedef {import("./records.js").Report} Report */
/** @typedef {import("./records.js").Photo} Photo */

/** Sent reports are kept this many days, to show their receipts again. */
const SENT_DAYS = 30;
/** A list of last time is good enough when the network takes longer. */
const PATIENCE_MS = 4_000;

/**
 * Open the database. Returns false when the browser keeps nothing: then all is in memory only.
 * @returns {Promise<boolean>}
 */
export async function open() {
  return (await openedDatabase()) !== null;
}

/** Whether something found no room on the phone and is in memory only. */
export function overflowing() {
  return heldInMemory() > 0;
}

/**
 * The reports of a person on this phone, newest first.
 * @param {string} person
 * @returns {Promise<Report[]>}
 */
export async function reportsOf(person) {
  const found = (await everyReport()).filter((report) => report.person === person);
  return found.sort((a, b) => b.changed_at.localeCompare(a.changed_at));
}

/** @returns {Promise<Report[]>} */
export async function everyReport() {
  return (await readAll("reports")).map(withWords);
}

/**
 * @param {string} id
 * @returns {Promise<Report | undefined>}
 */
export async function report(id) {
  const found = await readOne("reports", id);
  return found && withWords(found);
}

/**
 * The sender knows codes; here they get the words of the page.
 * @param {Report} report
 */
function withWords(report) {
  const code = report.error_code ?? "";
  if (report.error || !code) return report;
  const key = [`unsent.${code}`, `error.${code}`].find(has);
  return { ...report, error: t(key ?? "error.network") };
}

/** @param {Report} report */
export async function keep(report) {
  report.changed_at = new Date().toISOString();
  await kept("reports", report);
}

/**
 * Change a report in one step with what another tab may do to it; `alter` returns the new one, or undefined.
 * @param {string} id
 * @param {(report: Report | undefined) => Report | undefined} alter
 * @returns {Promise<Report | undefined>}
 */
export async function change(id, alter) {
  const stamped = (/** @type {Report | undefined} */ found) => {
    const altered = alter(found);
    return altered && { ...altered, changed_at: new Date().toISOString() };
  };
  try {
    return await update("reports", id, stamped);
  } catch {
    // No room left: the change lasts as long as the page, and the person is told so.
    const altered = stamped(await readOne("reports", id));
    if (altered) holdInMemory("reports", altered);
    announce();
    return altered;
  }
}

/** @param {import("./records.js").Addition} addition */
export async function keepAddition(addition) {
  await kept("additions", addition);
}

/**
 * @param {import("./database.js").StoreName} name
 * @param {any} item
 */
async function kept(name, item) {
  try {
    await write(name, item);
  } catch {
    holdInMemory(name, item);
    announce();
  }
}

/**
 * Remove a report with its photos.
 * @param {string} id
 */
export async function drop(id) {
  await dropPhotos(id);
  await remove("reports", id);
}

/**
 * @param {string} reportId
 * @returns {Promise<Photo[]>}
 */
export async function photosOf(reportId) {
  const found = (await readAll("photos")).filter((photo) => photo.report_id === reportId);
  return found.sort((a, b) => a.taken_at - b.taken_at);
}

/**
 * Raises when the phone has no room for it.
 * @param {Photo} photo
 */
export async function keepPhoto(photo) {
  await write("photos", photo);
}

/**
 * Keep a photo, in memory when there is no room.
 * @param {Photo} photo
 */
export async function keepPhotoAnyhow(photo) {
  await kept("photos", photo);
}

/**
 * @param {string} id
 * @param {Partial<Photo>} changes
 */
export async function changePhoto(id, changes) {
  await update("photos", id, (photo) => photo && { ...photo, ...changes });
}

/** @param {string} id */
export async function dropPhoto(id) {
  await remove("photos", id);
}

/** @param {string} reportId */
export async function dropPhotos(reportId) {
  for (const photo of await photosOf(reportId)) await remove("photos", photo.id);
}

/**
 * Remove receipts that have been shown long enough, once their originals are gone too.
 * @param {string} person
 */
export async function tidy(person) {
  const oldest = new Date(Date.now() - SENT_DAYS * 86_400_000).toISOString();
  for (const report of await reportsOf(person)) {
    if (report.state !== "sent" || report.changed_at >= oldest) continue;
    if (!(await photosOf(report.id)).length) await remove("reports", report.id);
  }
}

/**
 * Get JSON from the service, or the copy of last time when it can't be reached or takes too long.
 * @param {string} address
 * @param {string} copyName distinguishes copies of one address (language, person)
 * @returns {Promise<any>}
 */
export async function freshOrKept(address, copyName) {
  const key = `${address} ${copyName}`;
  const asked = getJson(address).then((data) => {
    // A copy that finds no room is missed only without a network.
    write("copies", { address: key, data }).catch(() => undefined);
    return data;
  });
  asked.catch(() => undefined);
  const copy = await readOne("copies", key);
  if (!copy) return asked;
  const late = new Promise((done) => setTimeout(() => done(copy.data), PATIENCE_MS));
  const usable = asked.catch((error) => {
    if (error instanceof HttpError && (error.passing || error.problem.status === 401)) return copy.data;
    throw error;
  });
  return Promise.race([usable, late]);
}
