// What stays on the phone: reports with their photos, and copies of the lists that a form needs.

import Dexie from "/static/vendor/dexie-4.4.7/dexie.min.js";
import { HttpError, getJson } from "../shared/http.js";

/** @typedef {import("./records.js").Report} Report */
/** @typedef {import("./records.js").Photo} Photo */

/**
 * What a shelf can do; one in IndexedDB, one in memory for browsers that keep nothing (private windows).
 * @template T
 * @typedef {object} Shelf
 * @property {(key: string) => Promise<T | undefined>} get
 * @property {(item: T) => Promise<unknown>} put
 * @property {(key: string) => Promise<unknown>} delete
 * @property {() => Promise<T[]>} toArray
 */

/** @typedef {{address: string, data: any}} Copy */

/** Sent reports are kept this many days, to show their receipts again. */
const SENT_DAYS = 30;

/** @type {Shelf<Report>} */
let reports = memoryShelf("id");
/** @type {Shelf<Photo>} */
let photos = memoryShelf("id");
/** @type {Shelf<Copy>} */
let copies = memoryShelf("address");

/**
 * Open the database. Returns false when the browser keeps nothing: then all is in memory only.
 * @returns {Promise<boolean>}
 */
export async function open() {
  try {
    const database = new Dexie("shuangge-phone");
    database.version(1).stores({ reports: "id, person", photos: "id, report_id", copies: "address" });
    await database.table("reports").toArray();
    [reports, photos, copies] = [database.table("reports"), database.table("photos"), database.table("copies")];
    return true;
  } catch {
    return false;
  }
}

/**
 * The reports of a person on this phone, newest first.
 * @param {string} person
 */
export async function reportsOf(person) {
  const found = (await reports.toArray()).filter((report) => report.person === person);
  return found.sort((a, b) => b.changed_at.localeCompare(a.changed_at));
}

/** @param {string} id */
export function report(id) {
  return reports.get(id);
}

/** @param {Report} report */
export async function keep(report) {
  report.changed_at = new Date().toISOString();
  await reports.put(structuredClone(report));
}

/**
 * Remove a report with its photos.
 * @param {string} id
 */
export async function drop(id) {
  await dropPhotos(id);
  await reports.delete(id);
}

/** @param {string} reportId */
export async function photosOf(reportId) {
  const found = (await photos.toArray()).filter((photo) => photo.report_id === reportId);
  return found.sort((a, b) => a.taken_at - b.taken_at);
}

/** @param {Photo} photo */
export async function keepPhoto(photo) {
  await photos.put(photo);
}

/** @param {string} id */
export async function dropPhoto(id) {
  await photos.delete(id);
}

/** @param {string} reportId */
export async function dropPhotos(reportId) {
  for (const photo of await photosOf(reportId)) await photos.delete(photo.id);
}

/**
 * Remove receipts that have been shown long enough.
 * @param {string} person
 */
export async function tidy(person) {
  const oldest = new Date(Date.now() - SENT_DAYS * 86_400_000).toISOString();
  for (const report of await reportsOf(person)) {
    if (report.state === "sent" && report.changed_at < oldest) await drop(report.id);
  }
}

/**
 * Get JSON from the service, or the copy of last time when it can't be reached.
 * @param {string} address
 * @param {string} copyName distinguishes copies of one address (language, person)
 * @returns {Promise<any>}
 */
export async function freshOrKept(address, copyName) {
  const key = `${address} ${copyName}`;
  try {
    const data = await getJson(address);
    await copies.put({ address: key, data });
    return data;
  } catch (error) {
    const copy = error instanceof HttpError && error.passing ? await copies.get(key) : undefined;
    if (copy) return copy.data;
    throw error;
  }
}

/**
 * @param {string} key
 * @returns {Shelf<any>}
 */
function memoryShelf(key) {
  const items = new Map();
  return {
    get: async (id) => items.get(id),
    put: async (item) => items.set(item[key], item),
    delete: async (id) => items.delete(id),
    toArray: async () => [...items.values()],
  };
}
