// A thread of its own for decoding and shrinking photos, so that the page stays quick under the thumb.

import { shrunk } from "./shrink.js";

addEventListener("message", async ({ data }) => {
  try {
    postMessage({ id: data.id, ...(await shrunk(data.blob)) });
  } catch (error) {
    postMessage({ id: data.id, error: String(error) });
  }
});
