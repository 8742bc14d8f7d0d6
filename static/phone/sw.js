// The service worker's own part: keeps the page for the time without a network, and sends what waits.
// Served by /phone/sw.js with the modules above it as one plain script; VERSION and FILES are set there.
/* global VERSION, FILES */

import { additionsLeft, fact, originalsMayGo, sendAll, setFact, waits } from "./sender.js";
import { readAll } from "./database.js";

const PREFIX = "phone-";
const CACHE = PREFIX + VERSION;
const LANGUAGES = ["zh", "en"];
const NETWORK_MS = 4_000;
/** Pictures of the base map outlast the versions of the page. */
const TILES = "basemap";
const TILE = /^\/basemap\/\d+\/\d+\/\d+$/;
const MOST_PICTURES = 500;
const MOST_BYTES = 16_000_000;
const PICTURE_DAYS = 30;
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
  else if (TILE.test(url.pathname)) event.respondWith(keptPicture(asked, url.pathname));
});
addEventListener("message", (/** @type {any} */ event) => {
  if (event.data?.kind === "take-over") /** @type {any} */ (self).skipWaiting();
  if (event.data?.kind === "keep-tiles") event.waitUntil(keepPictures(event.data.urls));
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

/**
 * @param {Request} asked
 * @param {string} path
 */
async function keptPicture(asked, path) {
  return (await (await caches.open(TILES)).match(path)) ?? fetch(asked);
}

/**
 * Keep these pictures of the local base map and no others, from coarse to fine, as far as they fit. What is here
 * already stays for a month; a cut network leaves what came so far.
 * @param {unknown} wished addresses
 */
async function keepPictures(wished) {
  if (!Array.isArray(wished) || !(await originalsMayGo(false))) return;
  const paths = wished.filter((path) => typeof path === "string" && TILE.test(path)).slice(0, MOST_PICTURES);
  const cache = await caches.open(TILES);
  for (const kept of await cache.keys()) if (!paths.includes(new URL(kept.url).pathname)) await cache.delete(kept);
  let bytes = 0;
  for (const path of paths) {
    const here = await cache.match(path);
    const picture = here && isYoung(here) ? here : await fetch(path).catch(() => null);
    if (!picture) return;
    bytes += Number(picture.headers.get("Content-Length")) || 0;
    if (bytes > MOST_BYTES) return;
    if (picture !== here && picture.ok) await cache.put(path, picture);
  }
}

/** @param {Response} picture */
function isYoung(picture) {
  return Date.now() - Date.parse(picture.headers.get("Date") ?? "") < PICTURE_DAYS * 86_400_000;
}

/** Send what waits; while something does, the browser shall ask again later. */
async function sendInBackground() {
  await sendAll({ fresh: true, wait: true });
  const left = (await readAll("reports")).filter((report) => waits(report) && !report.signed_out);
  left.push(...(await additionsLeft()).filter((item) => item.error_code !== "not_authenticated"));
  if (left.length) throw new Error(`${left.length} still wait`);
}
