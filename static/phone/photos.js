// Photos: kept as they come from the camera at once, then shrunk to what a weak network can carry.

import { sha256, uuid } from "./sha256.js";
import * as store from "./store.js";

/** @typedef {import("./records.js").Photo} Photo */

export const LONGEST_PX = 1600;
export const TARGET_BYTES = 300_000;
export const MOST_PHOTOS = 9;
const QUALITIES = [0.82, 0.72, 0.62, 0.5];
const SMALLER = 0.75;

/** A file that the browser can't show as a picture. */
export class NotAPicture extends Error {}

/**
 * Keep a file of the camera or album for a report and shrink it. Raises NotAPicture.
 *
 * The file is on the phone's disk before anything decodes it: opening a big picture is when cheap
 * phones reload the page.
 * @param {string} reportId
 * @param {File} file
 * @returns {Promise<Photo>}
 */
export async function add(reportId, file) {
  const photo = {
    id: uuid(),
    report_id: reportId,
    name: file.name.slice(-100),
    media_type: file.type,
    blob: new Blob([await file.arrayBuffer()], { type: file.type }),
    sha256: "",
    ready: false,
    taken_at: Date.now(),
  };
  await store.keepPhoto(photo);
  return finish(photo);
}

/**
 * Shrink a photo that was kept before the page was reloaded. Raises NotAPicture, then it is removed.
 * @param {Photo} photo
 * @returns {Promise<Photo>}
 */
export async function finish(photo) {
  if (photo.ready) return photo;
  try {
    const blob = await shrunk(photo.blob);
    const name = `${photo.name.replace(/\.\w+$/, "") || "photo"}.jpg`;
    const hash = await sha256(await blob.arrayBuffer());
    const done = { ...photo, blob, name, media_type: "image/jpeg", sha256: hash, ready: true };
    await store.keepPhoto(done);
    return done;
  } catch (error) {
    await store.dropPhoto(photo.id);
    throw new NotAPicture(String(error));
  }
}

/**
 * A JPEG of at most LONGEST_PX at about TARGET_BYTES, upright, without the camera's metadata.
 * @param {Blob} blob
 * @returns {Promise<Blob>}
 */
async function shrunk(blob) {
  const picture = await decoded(blob);
  let scale = Math.min(1, LONGEST_PX / Math.max(picture.width, picture.height));
  for (;;) {
    const canvas = drawn(picture, scale);
    for (const quality of QUALITIES) {
      const small = await encoded(canvas, quality);
      if (small.size <= TARGET_BYTES || (quality === QUALITIES.at(-1) && canvas.width < 400)) {
        if ("close" in picture) picture.close();
        return small;
      }
    }
    scale *= SMALLER;
  }
}

/**
 * @param {Blob} blob
 * @returns {Promise<ImageBitmap | HTMLImageElement>}
 */
async function decoded(blob) {
  if (typeof createImageBitmap === "function") {
    try {
      return await createImageBitmap(blob, { imageOrientation: "from-image" });
    } catch {
      // Older browsers know no options, and some formats only open as an image element.
    }
  }
  const address = URL.createObjectURL(blob);
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    return image;
  } finally {
    URL.revokeObjectURL(address);
  }
}

/**
 * @param {ImageBitmap | HTMLImageElement} picture
 * @param {number} scale
 */
function drawn(picture, scale) {
  const width = Math.max(1, Math.round(picture.width * scale));
  const height = Math.max(1, Math.round(picture.height * scale));
  const canvas = typeof OffscreenCanvas === "function" ? new OffscreenCanvas(width, height) : pageCanvas(width, height);
  const pen = /** @type {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D | null} */ (
    canvas.getContext("2d", { alpha: false })
  );
  if (!pen) throw new Error("no canvas");
  pen.fillStyle = "white";
  pen.fillRect(0, 0, width, height);
  pen.drawImage(picture, 0, 0, width, height);
  return canvas;
}

/**
 * @param {number} width
 * @param {number} height
 */
function pageCanvas(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas;
}

/**
 * @param {OffscreenCanvas | HTMLCanvasElement} canvas
 * @param {number} quality
 * @returns {Promise<Blob>}
 */
function encoded(canvas, quality) {
  if ("convertToBlob" in canvas) return canvas.convertToBlob({ type: "image/jpeg", quality });
  return new Promise((done, fail) => {
    canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error("no JPEG"))), "image/jpeg", quality);
  });
}
