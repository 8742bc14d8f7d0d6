// The service worker's own part: keeps the page for the time without a network, and sends what waits.
// Served by /phone/sw.js with the modules above it as one plain script; VERSION and FILES are set there.
/* global VERSION, FILES */

import { fact, sendAll, setFact, waits } from "./sender.js";
import { readAll } from "./database.js";

const PREFIX = "phone-";
const CACHE = PREFIX + VERSION;
const LANGUAGES = ["zh", "en"];
const NETWORK_MS = 4_000;
const shellOf = (/** @type {string} */ language) => `/phone/shell/${language}`;

addEventListener("install", (/** @type {any} */ event) => event.waitUntil(keepAll()));
addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(takeOver()));
addEventListener("fetch", (/** @type {any} */ event) => {
  const { request: asked } = event;
  const url = new URL(asked.url);
  if (asked.method !== "GET" || url.origin !== location.origin) return;
  // Never the API: what a person may see is kept by the page's own store, under that person.
  if (asked.mode === "navigate" && url.pathname === "/phone/") event.respondWith(shell(asked, url));
  else if (FILES.includes(url.pathname)) event.respondWith(keptFile(asked, url.pathname));
});
addEventListener("message", (/** @type {any} */ event) => {
  if (event.data?.kind === "take-over") /** @type {any} */ (self).skipWaiting();
  if (event.data?.kind === "language") event.waitUntil(setFact("language", event.data.language));
});
addEventListener("sync", (/** @type {any} */ event) => {
  if (event.tag === "send") event.waitUntil(sendInBackground());
});

/** All files of this version or none: a page is never put together from two. */
async function keepAll() {
  const cache = await caches.open(CACHE);
  await cache.addAll(FILES);
  for (const language of LANGUAGES) {
    // Without the cookie: the kept page knows no person and no form mark.
    const page = await fetch(shellOf(language), { credentials: "omit", cache: "no-store" });
    if (!page.ok) throw new Error(`page: ${page.status}`);
    await cache.put(shellOf(language), page);
  }
}

async function takeOver() {
  const old = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await /** @type {any} */ (self).clients.claim();
}

/**
 * The page itself, in the language of last time. A change of language is the service's to answer, for it sets a
 * cookie; without a network the kept page of that language serves.
 * @param {Request} asked
 * @param {URL} url
 */
async function shell(asked, url) {
  const wished = url.searchParams.get("lang") ?? "";
  if (LANGUAGES.includes(wished)) {
    await setFact("language", wished);
    const late = new Promise((_done, fail) => setTimeout(() => fail(new Error("late")), NETWORK_MS));
    return Promise.race([fetch(asked), late]).catch(() => keptPage(wished, asked));
  }
  return keptPage((await fact("language")) ?? "zh", asked);
}

/**
 * @param {string} language
 * @param {Request} asked
 */
async function keptPage(language, asked) {
  return (await (await caches.open(CACHE)).match(shellOf(language))) ?? fetch(asked);
}

/**
 * @param {Request} asked
 * @param {string} path
 */
async function keptFile(asked, path) {
  return (await (await caches.open(CACHE)).match(path)) ?? fetch(asked);
}

/** Send what waits; while something does, the browser shall ask again later. */
async function sendInBackground() {
  await sendAll({ fresh: true, wait: true });
  const left = (await readAll("reports")).filter(waits);
  if (left.some((report) => !report.signed_out)) throw new Error(`${left.length} reports still wait`);
}
