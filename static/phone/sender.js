// Sending what waits, one sender at a time over all tabs and the service worker; the receipt decides what may go.

import { openedDatabase, readAll, readOne, remove, update, write } from "./database.js";
import { parcelOf } from "./parcel.js";
import { uuid } from "./sha256.js";
import { uploaded } from "./upload.js";
import { Failure, request, whoHolds } from "./wire.js";

/** @typedef {import("./records.js").Report} Report */
/** @typedef {import("./records.js").Photo} Photo */
/** @typedef {import("./records.js").Holder} Holder */
/** @typedef {import("./records.js").Addition} Addition */
/** @typedef {{me: Holder, offset_ms: number, language: string, force: boolean}} Run */

/** How a run is wanted: `fresh` does not wait for the rest after failures, `force` sends originals on any network. */
/** @typedef {{fresh?: boolean, force?: boolean, wait?: boolean}} Wish */

const SENDER = "shuangge-send";
const BATCH_TIMEOUT_MS = 120_000;
const FIRST_REST_MS = 5_000;
const LONGEST_REST_MS = 30 * 60_000;
const LEASE_MS = 20_000;
/** A clock that differs less is as good as any. */
const CLOCK_SLACK_MS = 90_000;
const WIFI = ["wifi", "ethernet"];
const MYSELF = uuid();

/**
 * Whether a report waits to be sent by itself.
 * @param {Report} report
 */
export function waits(report) {
  return report.state === "unsent" && !report.fixable && !report.halted;
}

/**
 * Send everything of the person who is signed in. Never raises: what went wrong is in the reports.
 * @param {Wish} [wish]
 */
export async function sendAll(wish = {}) {
  await alone(async () => {
    const language = (await fact("language")) ?? "zh";
    const asked = (/** @type {Report} */ report) => waits(report) || (wish.fresh && report.state === "kept");
    const left = [...(await readAll("reports")).filter(asked), ...(await originalsLeft()), ...(await additionsLeft())];
    if (!left.length) return;
    try {
      const { me, offset_ms } = await whoHolds(language);
      await remember(me, offset_ms);
      await everything({ me, offset_ms, language, force: Boolean(wish.force) }, Boolean(wish.fresh));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      await noted(error);
    }
  }, Boolean(wish.wait));
}

/**
 * @param {Run} run
 * @param {boolean} fresh
 */
async function everything(run, fresh) {
  const mine = (await readAll("reports")).filter((report) => waits(report) && report.person === run.me.person);
  for (const report of mine.sort((a, b) => a.found_at.localeCompare(b.found_at))) {
    if (fresh || (report.next_at ?? 0) <= Date.now()) await sendOne(report, run);
  }
  for (const item of await additionsLeft()) {
    if (item.person === run.me.person && (fresh || (item.next_at ?? 0) <= Date.now())) await sendAddition(item, run);
  }
  if (fresh) await askAfterKept(run);
  if (!(await originalsMayGo(run.force))) return;
  for (const photo of await originalsLeft()) {
    const owner = await readOne("reports", photo.report_id);
    if (owner?.person === run.me.person && (fresh || (photo.next_at ?? 0) <= Date.now())) await sendOriginal(photo, run);
  }
}

/**
 * Photos whose report has arrived with their preview only.
 * @returns {Promise<Photo[]>}
 */
export async function originalsLeft() {
  const sent = new Set((await readAll("reports")).filter((report) => report.state === "sent").map(({ id }) => id));
  return (await readAll("photos")).filter((photo) => photo.ready && sent.has(photo.report_id));
}

/**
 * Words and photos for cases that wait to be sent by themselves, the oldest first.
 * @returns {Promise<Addition[]>}
 */
export async function additionsLeft() {
  const found = (await readAll("additions")).filter((item) => !item.halted);
  return found.sort((a, b) => a.at.localeCompare(b.at));
}

/**
 * @param {Addition} item
 * @param {Run} run
 */
async function sendAddition(item, run) {
  const { address, headers, body } = parcelOf(item);
  const way = { method: "POST", language: run.language, timeout_ms: BATCH_TIMEOUT_MS };
  try {
    await request(address, { ...way, headers: { "X-CSRF-Token": run.me.csrf, ...headers }, body });
    await remove("additions", item.id);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    await setback(item, error);
    if (error.passing || error.signedOut) throw error;
  } finally {
    announce();
  }
}

/**
 * @param {Addition} item
 * @param {Failure} error
 */
async function setback(item, error) {
  const halted = !error.passing && !error.signedOut;
  const said = { error: error.detail, error_code: error.code, halted };
  await update("additions", item.id, (kept) => kept && { ...kept, ...said, ...rested(kept, error.wait_ms) });
}

/**
 * Ask what became of reports that the station keeps for repair: once they are cases, their originals may follow.
 * The files stay here: asking sends the words alone, which changes nothing.
 * @param {Run} run
 */
async function askAfterKept(run) {
  const kept = (await readAll("reports")).filter((report) => report.state === "kept" && report.person === run.me.person);
  for (const report of kept) {
    const headers = { "X-CSRF-Token": run.me.csrf };
    const body = batchForm(report, [], false);
    const { data } = await request("/api/v1/batches", { method: "POST", language: run.language, headers, body });
    if (!data.reports.some((/** @type {any} */ item) => item.id === report.id && item.state === "received")) continue;
    const photos = (await readAll("photos")).filter((photo) => photo.report_id === report.id && photo.ready);
    await settle(report.id, data, photos);
  }
}

/**
 * Whether the network is one for originals, by the person's choice.
 * @param {boolean} force
 */
export async function originalsMayGo(force) {
  return force || !(await fact("wifi_only")) || WIFI.includes(connection()?.type ?? "");
}

/** @returns {{type?: string, effectiveType?: string, saveData?: boolean} | undefined} */
function connection() {
  return Reflect.get(navigator, "connection");
}

/**
 * Whether the originals go with the report: on a good network, at the first try; else previews go ahead.
 * @param {Report} report
 */
async function goesWhole(report) {
  const network = connection();
  const good = network?.effectiveType === "4g" && !network.saveData;
  return good && !report.tries && (await originalsMayGo(false));
}

/**
 * @param {Report} waiting
 * @param {Run} run
 */
async function sendOne(waiting, run) {
  const report = await timed(waiting, run.offset_ms);
  const photos = (await readAll("photos")).filter((photo) => photo.report_id === report.id && photo.ready);
  const whole = await goesWhole(report);
  try {
    const { data } = await request("/api/v1/batches", {
      method: "POST",
      language: run.language,
      timeout_ms: BATCH_TIMEOUT_MS,
      headers: { "X-CSRF-Token": run.me.csrf },
      body: batchForm(report, photos, whole),
    });
    await settle(report.id, data, photos);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    await failed(report.id, error);
    // Nobody answers, or somebody else has signed in: the others would fare no better.
    if (error.passing || error.signedOut) throw error;
  }
}

/**
 * Set the time of finding right, once, before it is first sent: phones with a wrong clock are common.
 * @param {Report} report
 * @param {number} offset_ms
 * @returns {Promise<Report>}
 */
export async function timed(report, offset_ms) {
  return update("reports", report.id, (now) => {
    if (!now || now.timed || !now.document) return undefined;
    const wrong = Math.abs(offset_ms) > CLOCK_SLACK_MS;
    const service = Date.now() + offset_ms;
    const found = Math.min(Date.parse(now.found_at) + (wrong ? offset_ms : 0), service);
    const moved = wrong || found < Date.parse(now.found_at) - CLOCK_SLACK_MS;
    const found_at = moved ? new Date(found).toISOString() : now.found_at;
    return { ...now, timed: true, clock_ms: moved ? found - Date.parse(now.found_at) : 0, found_at, document: { ...now.document, found_at } };
  });
}

/**
 * The batch as multipart: part `batch` is the document, each photo or preview a part under its SHA-256.
 * @param {Report} report
 * @param {Photo[]} photos
 * @param {boolean} whole
 */
function batchForm(report, photos, whole) {
  const batch = {
    batch_id: report.batch_id,
    sent_at: new Date().toISOString(),
    client: { name: "shuangge-phone", version: "2" },
    reports: [report.document],
  };
  const form = new FormData();
  form.append("batch", new Blob([JSON.stringify(batch)], { type: "application/json" }), "batch.json");
  for (const photo of new Map(photos.map((each) => [each.sha256, each])).values()) {
    if (whole || !photo.preview) form.append(photo.sha256, photo.blob, photo.name);
    else form.append(photo.preview_sha256 ?? "", photo.preview, photo.name);
  }
  return form;
}

/**
 * Note what the service says of a report, and delete the photos that it names as held, only those.
 * @param {string} id
 * @param {any} receipt
 * @param {Photo[]} photos
 */
export async function settle(id, receipt, photos) {
  const mine = receipt.reports.find((/** @type {any} */ item) => item.id === id);
  if (!mine) return failed(id, new Failure(0, "bad_reply"));
  const held = new Set(mine.files?.held ?? []);
  const here = new Set([...held, ...(mine.files?.previews ?? [])]);
  const taken = mine.state === "received" || mine.state === "known";
  const complete = photos.every((photo) => here.has(photo.sha256));
  const common = { signed_out: false, error: "", error_code: "", problems: local(mine.errors ?? []), fixable: false, halted: false };
  const got = { case_number: mine.case_number, grid: mine.grid, police_grid: mine.police_grid, received_at: receipt.received_at };
  await update("reports", id, (report) => {
    if (!report || report.state === "draft") return undefined;
    if (taken && complete) return { ...report, ...common, state: "sent", receipt: got };
    if (taken) return { ...report, ...common, ...rested(report, 0), state: "unsent", error_code: "photos" };
    if (mine.state === "kept") return { ...report, ...common, state: "kept", fixable: true };
    return { ...report, ...common, state: "unsent", error_code: "conflict", halted: true };
  });
  // Only now, and only what is named: the service has these on its disk.
  if (taken) for (const photo of photos) if (held.has(photo.sha256)) await remove("photos", photo.id);
  announce();
}

/**
 * @param {string} id
 * @param {Failure} error
 */
async function failed(id, error) {
  await update("reports", id, (report) => {
    if (!report || report.state !== "unsent") return undefined;
    const fixable = !error.passing && !error.signedOut;
    const said = { error: error.detail, error_code: error.code, signed_out: error.signedOut, fixable, problems: local(error.errors) };
    return { ...report, ...said, ...rested(report, error.wait_ms) };
  });
  announce();
}

/**
 * The rest before the next try: twice as long each time, by chance up to half more, so that many don't come at once.
 * @param {{tries?: number}} item
 * @param {number} least_ms
 */
export function rested(item, least_ms) {
  const tries = (item.tries ?? 0) + 1;
  const rest = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** (tries - 1));
  return { tries, next_at: Date.now() + Math.max(least_ms, rest * (1 + Math.random() / 2)) };
}

/**
 * @param {Photo} photo
 * @param {Run} run
 */
async function sendOriginal(photo, run) {
  try {
    const told = (/** @type {number} */ sent) =>
      update("photos", photo.id, (kept) => kept && { ...kept, sent_bytes: sent, tries: 0 });
    const from = photo.sent_bytes ?? 0;
    const state = await uploaded(photo.blob, photo.sha256, { csrf: run.me.csrf, language: run.language, from, told });
    if (state === "received" || state === "kept") await remove("photos", photo.id);
    // The service has the photo but knows no report that asks for it: the report goes once more.
    else await update("reports", photo.report_id, (report) => report && { ...report, state: "unsent", tries: 0, next_at: 0 });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    await update("photos", photo.id, (kept) => kept && { ...kept, ...rested(kept, error.wait_ms), error_code: error.code });
    if (error.passing || error.signedOut) throw error;
  } finally {
    announce();
  }
}

/**
 * Note on all that waits why nothing went.
 * @param {Failure} error
 */
async function noted(error) {
  await setFact("signed_out", error.signedOut);
  for (const report of (await readAll("reports")).filter(waits)) {
    if ((report.next_at ?? 0) <= Date.now()) await failed(report.id, error);
  }
  for (const item of await additionsLeft()) if ((item.next_at ?? 0) <= Date.now()) await setback(item, error);
  announce();
}

/**
 * Problems with pointers as inside the report, whatever envelope they were found in.
 * @param {import("./records.js").FieldProblem[]} problems
 */
function local(problems) {
  return problems.map((problem) => ({ ...problem, pointer: problem.pointer.replace(/^\/reports\/\d+/, "") }));
}

/**
 * Keep who holds the phone, for the time without a network.
 * @param {Holder} me
 * @param {number} offset_ms
 */
export async function remember(me, offset_ms) {
  await setFact("holder", me);
  await setFact("signed_out", false);
  await setFact("clock_ms", Math.abs(offset_ms) > CLOCK_SLACK_MS ? offset_ms : 0);
}

/** @param {string} key */
export async function fact(key) {
  return (await readOne("facts", key))?.value;
}

/**
 * @param {string} key
 * @param {any} value
 */
export async function setFact(key, value) {
  // A note that finds no room is not worth an interruption: the reports themselves are told of apart.
  await write("facts", { key, value }).catch(() => undefined);
}

/** @type {BroadcastChannel | null} */
let channel = null;

/** Tell the other tabs and the page that something changed. */
export function announce() {
  if (!globalThis.BroadcastChannel) return void globalThis.dispatchEvent(new Event("shuangge-changed"));
  // Kept open: what is posted on a channel that closes at once may never arrive.
  channel ??= new BroadcastChannel("shuangge");
  channel.postMessage("changed");
}

/**
 * Run as the only sender of this phone. Without `wait` nothing happens while another one sends.
 * @param {() => Promise<void>} work
 * @param {boolean} wait
 */
async function alone(work, wait) {
  if (navigator.locks) {
    await navigator.locks.request(SENDER, wait ? {} : { ifAvailable: true }, (lock) => (lock ? work() : undefined));
    return;
  }
  // Browsers without locks, and pages over plain http: a lease in the database, renewed while we send.
  while (!(await leased())) {
    if (!wait) return;
    await new Promise((done) => setTimeout(done, 500));
  }
  const renewal = setInterval(leased, LEASE_MS / 4);
  try {
    await work();
  } finally {
    clearInterval(renewal);
    await update("facts", "lease", (lease) => (lease?.owner === MYSELF ? { ...lease, until: 0 } : undefined));
  }
}

/** Take or renew the lease; says whether it is ours. */
async function leased() {
  if (!(await openedDatabase())) return true;
  const lease = await update("facts", "lease", (held) =>
    held && held.owner !== MYSELF && held.until > Date.now() ? undefined : { key: "lease", owner: MYSELF, until: Date.now() + LEASE_MS },
  );
  return lease?.owner === MYSELF;
}
