// Photos: kept as they come from the camera at once, then shrunk to what a weak network can carry.

import { announce } from "./sender.js";
import { sha256, uuid } from "./sha256.js";
import * as store from "./store.js";

/** @typedef {import("./records.js").Photo} Photo */
/** @typedef {import("./records.js").Taken} Taken */

export const MOST_PHOTOS = 9;
const WORKER_MS = 30_000;
const POSITION_MS = 15_000;
const POSITION_AGE_MS = 20_000;

/** A file that the browser can't show as a picture. */
export class NotAPicture extends Error {}

/**
 * Where the phone is at the shutter; null where it can't or may not tell. Never raises.
 * @returns {Promise<Taken | null>}
 */
export function atTheShutter() {
  const at = new Date().toISOString();
  return new Promise((done) => {
    if (!("geolocation" in navigator) || !isSecureContext) return done({ at });
    navigator.geolocation.getCurrentPosition(
      ({ coords, timestamp }) =>
        done({
          at: new Date(timestamp || Date.now()).toISOString(),
          lon: coords.longitude,
          lat: coords.latitude,
          ...(coords.accuracy > 0 ? { accuracy_m: Math.round(coords.accuracy) } : {}),
        }),
      () => done({ at }),
      { enableHighAccuracy: true, timeout: POSITION_MS, maximumAge: POSITION_AGE_MS },
    );
  });
}

/**
 * Keep a file of the camera or album for a report and shrink it. Raises NotAPicture.
 *
 * The file is on the phone's disk before anything decodes it: opening a big picture is when cheap
 * phones reload the page. `shutter` comes when the phone knows where it was.
 * @param {string} reportId
 * @param {File} file
 * @param {Promise<Taken | null>} [shutter]
 * @returns {Promise<Photo>}
 */
export async function add(reportId, file, shutter) {
  const photo = {
    id: uuid(),
    report_id: reportId,
    name: file.name.slice(-100),
    media_type: file.type,
    blob: new Blob([await file.arrayBuffer()], { type: file.type }),
    sha256: "",
    ready: false,
    taken_at: Date.now(),
    taken: shutter ? null : { at: new Date(file.lastModified || Date.now()).toISOString() },
  };
  // Without room for the large file the small one may still find some: it is shrunk first then.
  const roomy = await store.keepPhoto(photo).then(() => true, () => false);
  shutter?.then((taken) => placed(photo, taken));
  return finish(photo, roomy);
}

/**
 * @param {Photo} photo
 * @param {Taken | null} taken
 */
async function placed(photo, taken) {
  photo.taken = taken;
  await store.changePhoto(photo.id, { taken });
}

/**
 * Shrink a photo that was kept before the page was reloaded. Raises NotAPicture, then it is removed.
 * @param {Photo} photo
 * @param {boolean} [roomy] whether the phone's disk took it
 * @returns {Promise<Photo>}
 */
export async function finish(photo, roomy = true) {
  if (photo.ready) return photo;
  /** @type {{blob: Blob, preview: Blob}} */
  let small;
  try {
    small = await shrunk(photo.blob);
  } catch (error) {
    await store.dropPhoto(photo.id);
    throw new NotAPicture(String(error));
  }
  const name = `${photo.name.replace(/\.\w+$/, "") || "photo"}.jpg`;
  const [hash, previewHash] = [await hashed(small.blob), await hashed(small.preview)];
  const taken = photo.taken ?? null;
  const done = { ...photo, ...small, name, media_type: "image/jpeg", sha256: hash, preview_sha256: previewHash, ready: true, taken };
  await (roomy ? store.keepPhotoAnyhow(done) : store.keepPhoto(done).catch(() => store.keepPhotoAnyhow(done)));
  // The position may have come while it was shrunk, to what is no longer on the disk.
  if (photo.taken && !taken) await store.changePhoto(done.id, { taken: photo.taken });
  announce();
  return done;
}

/**
 * A photo for a case that the station has, shrunk. Raises NotAPicture.
 * @param {Blob} blob
 * @returns {Promise<Blob>}
 */
export async function reduced(blob) {
  try {
    return (await shrunk(blob)).blob;
  } catch (error) {
    throw new NotAPicture(String(error));
  }
}

/** @param {Blob} blob */
async function hashed(blob) {
  return sha256(await blob.arrayBuffer());
}

/** @type {Worker | null} */
let worker = null;
let workerFails = typeof Worker !== "function" || typeof OffscreenCanvas !== "function";

/**
 * @param {Blob} blob
 * @returns {Promise<{blob: Blob, preview: Blob}>}
 */
async function shrunk(blob) {
  if (!workerFails) {
    try {
      return await inWorker(blob);
    } catch {
      // A worker that fails may have lacked memory or modules; the page itself tries once more.
    }
  }
  return (await import("./shrink.js")).shrunk(blob);
}

/**
 * @param {Blob} blob
 * @returns {Promise<{blob: Blob, preview: Blob}>}
 */
function inWorker(blob) {
  worker ??= new Worker("/static/phone/photoworker.js", { type: "module" });
  const thread = worker;
  const id = uuid();
  return new Promise((done, fail) => {
    const clock = setTimeout(() => broken("too slow"), WORKER_MS);
    const over = () => {
      clearTimeout(clock);
      thread.removeEventListener("message", heard);
      thread.removeEventListener("error", unfit);
    };
    const heard = (/** @type {MessageEvent} */ { data }) => {
      if (data.id !== id) return;
      over();
      if (data.error) fail(new Error(data.error));
      else done({ blob: data.blob, preview: data.preview });
    };
    const unfit = () => broken("no worker");
    const broken = (/** @type {string} */ reason) => {
      over();
      workerFails = true;
      thread.terminate();
      worker = null;
      fail(new Error(reason));
    };
    thread.addEventListener("message", heard);
    thread.addEventListener("error", unfit);
    thread.postMessage({ id, blob });
  });
}
