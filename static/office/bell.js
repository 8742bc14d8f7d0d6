// On every page of the office: a call that rings for the reader is seen, heard, and answered where one is.

import { Board, dressed, MINE, ringsForMe } from "../calls/board.js";
import { byId, h } from "../shared/dom.js";
import { getJson } from "../shared/http.js";
import { load, t } from "../shared/i18n.js";
import { News } from "../shared/news.js";
import { Chime } from "./chime.js";

const AGAIN_MS = 5_000;
const SAFE_MS = 60_000;
const SOON_MS = 60;
const SOUND = 3_500;

/** The page's switch of the sound, and its tones. */
export const chime = new Chime(byId("sound"));

// Pages that show calls themselves are only heard here.
const shown = document.querySelector("#open-calls, #map-place");
const title = document.title;
/** @type {Board | null} */
let board = null;
/** What rang while this page was open stays on it until it is over. @type {Set<string>} */
const rang = new Set();
let ringing = 0;
let timer = 0;

new News((news) => void (news.subject_kind === "call" && soon())).start();
void look();
setInterval(() => document.visibilityState === "visible" && void look(), SAFE_MS);
setInterval(() => ringing && void chime.once(SOUND), AGAIN_MS);

function soon() {
  clearTimeout(timer);
  timer = window.setTimeout(() => void look(), SOON_MS);
}

/** Ask what rings; without an answer the page stays as it is, it is about something else. */
async function look() {
  const found = await getJson(`/api/v1/calls?${MINE}`).catch(() => null);
  if (!found) return;
  const now = found.calls.filter(ringsForMe);
  for (const call of now) rang.add(call.id);
  const before = ringing;
  ringing = now.length;
  document.documentElement.dataset.ringing = String(ringing);
  if (ringing > before) void chime.once(SOUND);
  if (shown) return;
  tell();
  if (ringing && !board) board = await dock();
  else board?.hear();
}

/** The tab of the browser says that it rings; the desk's own count has that in it. */
function tell() {
  if (document.body.classList.contains("desk")) return;
  document.title = ringing ? `☎ (${ringing}) ${title}` : title;
}

async function dock() {
  await dressed(load("calls"));
  const place = h("section", { class: "call-dock", id: "bell-dock", "aria-label": t("calls.dock") });
  document.body.append(place);
  const made = new Board(place, { empty: false, only: (call) => rang.has(call.id) });
  await made.load().catch(() => undefined);
  return made;
}
