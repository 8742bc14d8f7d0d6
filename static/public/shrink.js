// Photos made small before they are sent: a weak network carries 300 kB, not 6 MB. Nothing is kept on the phone.

export const LONGEST_PX = 1600;
export const TARGET_BYTES = 300_000;
const QUALITIES = [0.82, 0.72, 0.62, 0.5];

/**
 * A JPEG of at most LONGEST_PX without the camera's metadata; raises when the browser can't show the file.
 * @param {Blob} file
 * @returns {Promise<Blob>}
 */
export async function shrunk(file) {
  const picture = await decoded(file);
  const scale = Math.min(1, LONGEST_PX / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const pen = canvas.getContext("2d", { alpha: false });
  if (!pen) throw new Error("no canvas");
  pen.fillStyle = "white";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  if ("close" in picture) picture.close();
  let small = await encoded(canvas, QUALITIES[0]);
  for (const quality of QUALITIES.slice(1)) {
    if (small.size <= TARGET_BYTES) break;
    small = await encoded(canvas, quality);
  }
  return small;
}

/**
 * @param {Blob} file
 * @returns {Promise<ImageBitmap | HTMLImageElement>}
 */
async function decoded(file) {
  if (typeof createImageBitmap === "function") {
    try {
      return await createImageBitmap(file, { imageOrientation: "from-image" });
    } catch {
      // Older browsers know no options, and some formats only open as an image element.
    }
  }
  const address = URL.createObjectURL(file);
  try {
    const image = new Image();
    await new Promise((done, fail) => {
      image.onload = done;
      image.onerror = () => fail(new Error("no picture"));
      image.src = address;
    });
    return image;
  } finally {
    URL.revokeObjectURL(address);
  }
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {number} quality
 * @returns {Promise<Blob>}
 */
function encoded(canvas, quality) {
  return new Promise((done, fail) => {
    canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error("no JPEG"))), "image/jpeg", quality);
  });
}
