// Waiting reports as one file for the station, by USB or chat, and the station's receipt back from there.

import { announce, fact, originalsLeft, settle, timed } from "./sender.js";
import { hmacSha256, uuid } from "./sha256.js";
import * as store from "./store.js";
import { zip } from "./zip.js";

/**
 * Make the file of everything of a person that has not arrived: reports, and originals of photos.
 * @param {import("./records.js").Holder} holder
 * @returns {Promise<Blob>}
 */
export async function waitingFile(holder) {
  const owed = new Set((await originalsLeft()).map((photo) => photo.report_id));
  const all = (await store.reportsOf(holder.person)).filter((report) => report.document);
  const chosen = all.filter((report) => report.state === "unsent" || owed.has(report.id));
  const offset_ms = (await fact("clock_ms")) ?? 0;
  /** @type {Map<string, Uint8Array>} */
  const files = new Map();
  const documents = [];
  for (const report of chosen) {
    // From here on its content is fixed: by file and by network it must be the very same.
    documents.push((await timed(report, offset_ms)).document);
    for (const photo of await store.photosOf(report.id)) {
      if (photo.ready) files.set(`files/${photo.sha256}.jpg`, new Uint8Array(await photo.blob.arrayBuffer()));
    }
  }
  const client = { name: "shuangge-phone", version: "2" };
  const batch = { batch_id: uuid(), sent_at: new Date().toISOString(), client, reports: documents };
  const document = new TextEncoder().encode(JSON.stringify({ format: "shuangge-handin", version: 1, author: holder.person, batch }));
  const seal = new TextEncoder().encode(hmacSha256(holder.seal, document));
  return zip(new Map([["handin.json", document], ["seal.txt", seal], ...files]));
}

/**
 * Give the file to the person: by the phone's own "share" where there is one, else as a download.
 * @param {import("./records.js").Holder} holder
 */
export async function giveFile(holder) {
  const blob = await waitingFile(holder);
  const day = new Date().toISOString().slice(0, 10);
  const file = new File([blob], `shuangge-${day}.zip`, { type: "application/zip" });
  if (navigator.canShare?.({ files: [file] })) {
    try {
      return await navigator.share({ files: [file] });
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return undefined;
    }
  }
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(file), download: file.name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  return undefined;
}

/**
 * Take a receipt of the station over: only what it names as held is deleted here. Returns how many reports it
 * settled, null when the file is no receipt.
 * @param {Blob} file
 * @returns {Promise<number | null>}
 */
export async function loadReceipt(file) {
  let receipt;
  try {
    receipt = JSON.parse(await file.text());
  } catch {
    return null;
  }
  if (!Array.isArray(receipt?.reports) || typeof receipt.received_at !== "string") return null;
  let settled = 0;
  for (const { id } of receipt.reports) {
    const report = typeof id === "string" ? await store.report(id) : undefined;
    if (!report || report.state === "draft") continue;
    await settle(id, receipt, await store.photosOf(id));
    settled++;
  }
  announce();
  return settled;
}
