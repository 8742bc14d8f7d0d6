// Hears that something happened to calls: by the live stream, or by asking while there is no place for one.

import { NEWS } from "./board.js";

const POLL_MS = 15_000;
const POLLS_PER_STREAM_TRY = 8;

/**
 * Call `hear` for each piece of news about calls; while the stream is not there, every few seconds.
 * @param {() => void} hear
 */
export function listen(hear) {
  const source = new EventSource("/api/v1/events");
  for (const name of NEWS) source.addEventListener(name, hear);
  source.addEventListener("open", hear);
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) poll(hear, 1);
  });
}

/**
 * @param {() => void} hear
 * @param {number} count
 */
function poll(hear, count) {
  setTimeout(() => {
    hear();
    if (count % POLLS_PER_STREAM_TRY === 0) listen(hear);
    else poll(hear, count + 1);
  }, POLL_MS);
}
