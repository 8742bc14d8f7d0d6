// An original on its way, piece by piece: it goes on where it was cut off, never from the beginning.

import { Failure, request } from "./wire.js";

const SMALLEST_PIECE = 16_384;
const FIRST_PIECE = 65_536;
const LARGEST_PIECE = 1_048_576;
const QUICK_MS = 1_500;
const SLOW_MS = 8_000;
const PIECE_TIMEOUT_MS = 60_000;

/**
 * Send a file until the service holds it, beginning at byte `from`; `told` hears how far it is. Raises Failure.
 * @param {Blob} blob
 * @param {string} sha256
 * @param {{csrf: string, language: string, from?: number, told?: (sent: number) => Promise<unknown>}} how
 * @returns {Promise<string>} state: received, kept, or waiting (complete, but no report asks for it)
 */
export async function uploaded(blob, sha256, how) {
  const address = `/api/v1/uploads/${sha256}`;
  let offset = Math.min(how.from ?? 0, blob.size);
  let state = "arriving";
  let piece = FIRST_PIECE;
  let corrected = 0;
  while (state === "arriving") {
    const began = Date.now();
    try {
      const { data } = await request(address, {
        method: "PATCH",
        language: how.language,
        timeout_ms: PIECE_TIMEOUT_MS,
        headers: {
          "X-CSRF-Token": how.csrf,
          "Content-Type": "application/octet-stream",
          "Upload-Offset": String(offset),
          "Upload-Length": String(blob.size),
        },
        body: blob.slice(offset, offset + piece),
      });
      ({ offset, state } = data);
      await how.told?.(offset);
      piece = nextPiece(piece, Date.now() - began);
    } catch (error) {
      // The service knows better where to go on: another sender was faster, or the whole was damaged.
      if (!(error instanceof Failure) || error.offset === null || ++corrected > 3) throw error;
      offset = error.offset;
    }
  }
  return state;
}

/**
 * Pieces as large as the network carries in a few seconds: what is cut off is lost at most once.
 * @param {number} piece
 * @param {number} took_ms
 */
export function nextPiece(piece, took_ms) {
  if (took_ms < QUICK_MS) return Math.min(LARGEST_PIECE, piece * 2);
  return took_ms > SLOW_MS ? Math.max(SMALLEST_PIECE, piece / 2) : piece;
}
