// Words and photos for a case that the station has: kept here first, then sent by the queue.

import { readAll, readOne, remove, update } from "./database.js";
import { reduced } from "./photos.js";
import { queueNow } from "./queue.js";
import { uuid } from "./sha256.js";
import * as store from "./store.js";

/** @typedef {import("./records.js").Addition} Addition */

/** So long a person looks at "sending"; then the queue goes on alone. */
const LOOK_MS = 20_000;

/**
 * Add words to a case; `id` is theirs for good. Says whether the station has them already.
 * @param {string} person
 * @param {string} caseId
 * @param {string} id
 * @param {string} note
 */
export async function addWords(person, caseId, id, note) {
  await store.keepAddition({ id, person, case_id: caseId, note, blob: null, at: new Date().toISOString() });
  return arrived(id);
}

/**
 * Add a photo to a case. It is on the disk before anything decodes it. Says whether the station has it already;
 * raises NotAPicture.
 * @param {string} person
 * @param {string} caseId
 * @param {File} file
 */
export async function addPhoto(person, caseId, file) {
  const id = uuid();
  const blob = new Blob([await file.arrayBuffer()], { type: file.type });
  await store.keepAddition({ id, person, case_id: caseId, note: "", blob, at: new Date().toISOString() });
  try {
    const small = await reduced(blob);
    await update("additions", id, (kept) => kept && { ...kept, blob: small });
  } catch (error) {
    await remove("additions", id);
    throw error;
  }
  return arrived(id);
}

/** @param {string} id */
async function arrived(id) {
  await Promise.race([queueNow(), new Promise((done) => setTimeout(done, LOOK_MS))]);
  return !(await readOne("additions", id));
}

/**
 * What of a person waits for a case, also what the station would not have.
 * @param {string} person
 * @param {string} caseId
 * @returns {Promise<Addition[]>}
 */
export async function waitingFor(person, caseId) {
  const found = (await readAll("additions")).filter((item) => item.person === person && item.case_id === caseId);
  return found.sort((a, b) => a.at.localeCompare(b.at));
}

/** @param {string} id */
export async function dropAddition(id) {
  await remove("additions", id);
}
