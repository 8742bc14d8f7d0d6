// From the form to the queue: what is sent is written down once, then the queue sends it by itself.

import { answersToSend } from "./rules.js";
import { queueNow } from "./queue.js";
import * as store from "./store.js";

/** @typedef {import("./records.js").Report} Report */
/** @typedef {import("./records.js").Photo} Photo */
/** @typedef {import("./records.js").Question} Question */

/** So long a person looks at "sending"; then the queue goes on alone. */
const LOOK_MS = 20_000;

/**
 * Put a report into the queue and wait a moment for what becomes of it. Never raises: what went wrong is in the
 * report. A report that another tab has sent meanwhile is left as it is.
 * @param {Report} report
 * @param {Question[]} questions
 * @returns {Promise<Report>}
 */
export async function sendReport(report, questions) {
  const photos = (await store.photosOf(report.id)).filter((photo) => photo.ready);
  await store.change(report.id, (stored) => {
    const present = stored ?? report;
    if (present.state === "sent" || (present.state === "kept" && stored)) return undefined;
    const again = present.state === "unsent" && present.document && !present.fixable;
    const document = again ? present.document : documentOf({ ...report, ...present }, questions, photos);
    const timed = Boolean(again && present.timed);
    const queued_at = present.queued_at ?? new Date().toISOString();
    return { ...present, state: "unsent", document, timed, queued_at, fixable: false, halted: false, tries: present.tries ?? 0, next_at: 0 };
  });
  await Promise.race([queueNow(), new Promise((done) => setTimeout(done, LOOK_MS))]);
  return Object.assign(report, await store.report(report.id));
}

/**
 * What is sent of a report. It names the photos by checksum, so it is the same whatever way they go.
 * @param {Report} report
 * @param {Question[]} questions
 * @param {Photo[]} photos
 */
function documentOf(report, questions, photos) {
  const method = report.place?.method === "grid" && report.address.trim() ? "address" : report.place?.method;
  const unique = [...new Map(photos.map((photo) => [photo.sha256, photo])).values()];
  return {
    id: report.id,
    class_code: report.class_code,
    class_version: String(report.class_version),
    answers: answersToSend(questions, report.answers),
    place: { ...report.place, method, address: report.address.trim() },
    found_at: report.found_at,
    note: report.note.trim(),
    files: unique.map((photo) => ({
      sha256: photo.sha256,
      name: photo.name,
      media_type: photo.media_type,
      kind: "photo",
      size: photo.blob.size,
      ...(photo.preview_sha256 ? { preview: photo.preview_sha256 } : {}),
      taken: photo.taken ?? { at: new Date(photo.taken_at).toISOString() },
    })),
  };
}
