// A photo on its way out: large ones are made smaller, for the network of a courtyard.

const LONGEST_PX = 2048;
const SMALL_BYTES = 1_500_000;

/**
 * The photo, smaller if it was large; as it is when the browser can't draw it (the service then says why).
 * @param {File} file
 * @returns {Promise<Blob>}
 */
export async function smaller(file) {
  if (file.size <= SMALL_BYTES) return file;
  try {
    const picture = await createImageBitmap(file);
    const ratio = Math.min(1, LONGEST_PX / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * ratio);
    canvas.height = Math.round(picture.height * ratio);
    canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
    const drawn = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
    return drawn instanceof Blob && drawn.size < file.size ? drawn : file;
  } catch {
    return file;
  }
}

/**
 * Show the chosen picture before it is sent.
 * @param {File | undefined} file
 * @param {HTMLElement} place
 */
export function preview(file, place) {
  for (const old of place.querySelectorAll("img")) URL.revokeObjectURL(old.src);
  place.replaceChildren();
  if (!file || !file.type.startsWith("image/")) return;
  const picture = document.createElement("img");
  picture.alt = file.name;
  picture.src = URL.createObjectURL(file);
  place.append(picture);
}
