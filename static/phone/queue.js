// The queue that sends itself: at once, on a network, on return to the page, and after a rest that grows.

import { readAll } from "./database.js";
import { additionsLeft, originalsLeft, sendAll, setFact, waits } from "./sender.js";
import { language } from "../shared/i18n.js";

const SYNC = "send";
const LOOK_AGAIN_MS = 60_000;
/** Events of the network come in showers: one of them is enough. */
const SHOWER_MS = 3_000;

/** @type {Promise<void>} */
let running = Promise.resolve();
let sending = 0;
let lastFresh = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let clock;

/** Start the queue of this page; call once. */
export async function startQueue() {
  await setFact("language", language());
  addEventListener("online", woken);
  addEventListener("pageshow", woken);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && woken());
  woken();
}

/** Something says that now is a good moment. */
function woken() {
  if (Date.now() - lastFresh < SHOWER_MS) return;
  lastFresh = Date.now();
  run({ fresh: true });
}

/**
 * Send now, whatever rest there was; resolves when this try is over. `force`: originals on any network.
 * @param {{force?: boolean}} [wish]
 */
export function queueNow(wish = {}) {
  askForSync();
  askToPersist();
  return run({ fresh: true, wait: true, ...wish });
}

/**
 * One run after the other in this page; over tabs and the service worker the sender itself sees to it.
 * @param {import("./sender.js").Wish} wish
 */
function run(wish) {
  sending++;
  running = running
    .then(() => sendAll(wish))
    .catch((error) => console.warn("queue", error))
    .then(() => {
      sending--;
      return plan();
    });
  return running;
}

/** Plan the next run by what rests the shortest. */
async function plan() {
  clearTimeout(clock);
  const waiting = [...(await readAll("reports")).filter(waits), ...(await originalsLeft()), ...(await additionsLeft())];
  if (!waiting.length) return;
  const next = Math.min(...waiting.map((item) => item.next_at ?? 0));
  // Time that a phone slept through counts: timers may be late, so the rest is looked up again.
  clock = setTimeout(() => run({}), Math.min(Math.max(next - Date.now(), 1_000), LOOK_AGAIN_MS));
}

/** Whether something is on its way just now. */
export function isSending() {
  return sending > 0;
}

/** Ask the browser not to clear away what waits here when space runs short. */
async function askToPersist() {
  try {
    if (!(await navigator.storage.persisted())) await navigator.storage.persist();
  } catch {
    // Pages over plain http and older browsers have no say in it.
  }
}

/** Ask the browser to send what waits when a network comes, also when this page is closed. */
async function askForSync() {
  try {
    const registration = await navigator.serviceWorker?.getRegistration("/phone/");
    await Reflect.get(registration ?? {}, "sync")?.register(SYNC);
  } catch {
    // Not every browser syncs in the background, and some only for installed pages.
  }
}
