// Sending: a report becomes a batch of one with its photos, and the service's receipt becomes its state.

import { HttpError, explain, send } from "../shared/http.js";
import { t } from "../shared/i18n.js";
import { answersToSend } from "./rules.js";
import * as store from "./store.js";

/** @typedef {import("./records.js").Report} Report */
/** @typedef {import("./records.js").Photo} Photo */
/** @typedef {import("./records.js").Question} Question */

const CLIENT = { name: "shuangge-phone", version: "1" };
/** A photo over a village's 2G takes its time. */
const SEND_MS = 120_000;

/** @type {Map<string, Promise<Report>>} */
const underWay = new Map();

/**
 * Send a report and note what became of it. A second call for the same report while the first is
 * under way waits for the first. Never raises: what went wrong is in the report.
 * @param {Report} report
 * @param {Question[]} questions
 * @returns {Promise<Report>}
 */
export function sendReport(report, questions) {
  const running = underWay.get(report.id);
  if (running) return running;
  const work = sent(report, questions).finally(() => underWay.delete(report.id));
  underWay.set(report.id, work);
  return work;
}

/**
 * @param {Report} report
 * @param {Question[]} questions
 */
async function sent(report, questions) {
  const photos = (await store.photosOf(report.id)).filter((photo) => photo.ready);
  try {
    const receipt = await send("/api/v1/batches", form(report, questions, photos), { timeout: SEND_MS });
    await settle(report, receipt, photos);
  } catch (error) {
    report.state = "unsent";
    report.error = explain(error);
    // Without an answer the service may have taken it: only the very same may be sent again.
    report.fixable = error instanceof HttpError && !error.passing;
    report.signed_out = error instanceof HttpError && ["not_authenticated", "cross_site"].includes(error.problem.code);
    report.problems = error instanceof HttpError ? local(error.problem.errors ?? []) : [];
  }
  await store.keep(report);
  return report;
}

/**
 * The batch as multipart: part `batch` is the document, each photo a part under its SHA-256.
 * @param {Report} report
 * @param {Question[]} questions
 * @param {Photo[]} photos
 */
function form(report, questions, photos) {
  const unique = [...new Map(photos.map((photo) => [photo.sha256, photo])).values()];
  const batch = {
    batch_id: report.batch_id,
    sent_at: new Date().toISOString(),
    client: CLIENT,
    reports: [documentOf(report, questions, unique)],
  };
  const parts = new FormData();
  parts.append("batch", new Blob([JSON.stringify(batch)], { type: "application/json" }), "batch.json");
  for (const photo of unique) parts.append(photo.sha256, photo.blob, photo.name);
  return parts;
}

/**
 * @param {Report} report
 * @param {Question[]} questions
 * @param {Photo[]} photos
 */
function documentOf(report, questions, photos) {
  const method = report.place?.method === "grid" && report.address.trim() ? "address" : report.place?.method;
  return {
    id: report.id,
    class_code: report.class_code,
    class_version: String(report.class_version),
    answers: answersToSend(questions, report.answers),
    place: { ...report.place, method, address: report.address.trim() },
    found_at: report.found_at,
    note: report.note.trim(),
    files: photos.map((photo) => ({
      sha256: photo.sha256,
      name: photo.name,
      media_type: photo.media_type,
      kind: "photo",
    })),
  };
}

/**
 * @param {Report} report
 * @param {any} receipt
 * @param {Photo[]} photos
 */
async function settle(report, receipt, photos) {
  const mine = receipt.reports.find((/** @type {any} */ item) => item.id === report.id) ?? receipt.reports[0];
  const held = new Set(mine.files?.held ?? []);
  const taken = mine.state === "received" || mine.state === "known";
  report.error = "";
  report.signed_out = false;
  report.problems = local(mine.errors ?? []);
  report.fixable = mine.state === "kept";
  if (taken && photos.every((photo) => held.has(photo.sha256))) {
    report.state = "sent";
    report.receipt = {
      case_number: mine.case_number,
      grid: mine.grid,
      police_grid: mine.police_grid,
      received_at: receipt.received_at,
    };
    // Only now: the service has the photos on its disk.
    await store.dropPhotos(report.id);
  } else if (taken) {
    report.state = "unsent";
    report.error = t("unsent.photos");
  } else {
    report.state = mine.state === "kept" ? "kept" : "unsent";
    report.error = mine.state === "kept" ? "" : t("unsent.conflict");
  }
}

/**
 * Problems with pointers as inside the report, whatever envelope they were found in.
 * @param {import("./records.js").FieldProblem[]} problems
 */
function local(problems) {
  return problems.map((problem) => ({ ...problem, pointer: problem.pointer.replace(/^\/reports\/\d+/, "") }));
}
