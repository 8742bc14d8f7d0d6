// Making a picture small enough for a weak network; runs in a worker, or in the page where there is none.

export const LONGEST_PX = 1600;
export const TARGET_BYTES = 300_000;
const PREVIEW_PX = 480;
const PREVIEW_BYTES = 40_000;
const QUALITIES = [0.82, 0.72, 0.62, 0.5];
const SMALLER = 0.75;
const SMALLEST_PX = 120;

/**
 * The photo to send and its preview: JPEGs of at most 1600 px at about 300 kB, and of 480 px below 40 kB.
 * Upright, without the camera's metadata. Raises when it is no picture.
 * @param {Blob} blob
 * @returns {Promise<{blob: Blob, preview: Blob}>}
 */
export async function shrunk(blob) {
  const picture = await decoded(blob);
  try {
    const photo = await fitted(picture, LONGEST_PX, TARGET_BYTES);
    return { blob: photo, preview: await fitted(picture, PREVIEW_PX, PREVIEW_BYTES) };
  } finally {
    if ("close" in picture) picture.close();
  }
}

/**
 * @param {ImageBitmap | HTMLImageElement} picture
 * @param {number} longest pixels
 * @param {number} target bytes
 */
async function fitted(picture, longest, target) {
  let scale = Math.min(1, longest / Math.max(picture.width, picture.height));
  for (;;) {
    const canvas = drawn(picture, scale);
    for (const quality of QUALITIES) {
      const small = await encoded(canvas, quality);
      if (small.size <= target || (quality === QUALITIES.at(-1) && canvas.width < SMALLEST_PX)) return small;
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
    } catch (error) {
      // Older browsers know no options, and some formats only open as an image element.
      if (typeof Image === "undefined") throw error;
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
