// Hears that something happened to calls, by the line that all pages of this browser share.

import { News } from "../shared/news.js";

const SAFE_MS = 60_000;

/**
 * Call `hear` for each piece of news about calls, and once a minute in case one was lost.
 * @param {() => void} hear
 * @returns {News}
 */
export function listen(hear) {
  const news = new News((item) => void (item.subject_kind === "call" && hear()));
  news.start();
  setInterval(() => document.visibilityState === "visible" && hear(), SAFE_MS);
  return news;
}
