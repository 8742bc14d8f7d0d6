// The residents' form with JavaScript: position, small photos, the computed proof, and sending that loses nothing
// when the network fails. Without this script the form works all the same, by the plain question.

import { h } from "../shared/dom.js";
import { explain, HttpError, send } from "../shared/http.js";
import { load, t } from "../shared/i18n.js";
import { watchPosition } from "../phone/position.js";
import { prove, renewed } from "./proof.js";
import { shrunk } from "./shrink.js";

const MOST_PHOTOS = 3;
const SEND_TIMEOUT_MS = 120_000;

const form = /** @type {HTMLFormElement} */ (document.getElementById("report"));
const button = /** @type {HTMLButtonElement} */ (document.getElementById("send"));
const chooser = /** @type {HTMLInputElement} */ (document.getElementById("photo"));
const progress = /** @type {HTMLElement} */ (document.getElementById("progress"));
/** @type {Blob[]} */
let photos = [];

await load("public");

// Came back by the browser's way back: the form is the same, and sent again it is the same report.
addEventListener("pageshow", () => {
  button.disabled = false;
  progress.textContent = "";
});

/** @param {string} name */
function field(name) {
  return /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
}

// The question is for browsers that can't compute; it comes back when the worker fails.
const riddle = /** @type {HTMLElement} */ (document.getElementById("riddle"));
riddle.hidden = true;
/** @type {Promise<import("./proof.js").Proof | null>} */
let proof = begin(prove(field("challenge").value, Number(field("challenge").dataset.bits)));

/**
 * @param {Promise<import("./proof.js").Proof>} computing
 * @returns {Promise<import("./proof.js").Proof | null>}
 */
function begin(computing) {
  return computing.catch(() => {
    riddle.hidden = false;
    return null;
  });
}

/** @param {string} text */
function say(text) {
  const note = /** @type {HTMLElement} */ (document.getElementById("form-problem"));
  note.textContent = text;
  note.hidden = !text;
  if (text) note.scrollIntoView({ block: "center" });
}

chooser.setAttribute("accept", "image/*");
chooser.addEventListener("change", async () => {
  const files = [...(chooser.files ?? [])];
  chooser.value = "";
  button.disabled = true;
  for (const file of files) {
    if (photos.length >= MOST_PHOTOS) {
      say(t("photos.most", { most: MOST_PHOTOS }));
      break;
    }
    try {
      photos.push(await shrunk(file));
    } catch {
      say(t("photos.unreadable", { name: file.name }));
    }
  }
  button.disabled = false;
  drawPhotos();
});

function drawPhotos() {
  const list = /** @type {HTMLElement} */ (document.getElementById("thumbs"));
  for (const image of list.querySelectorAll("img")) URL.revokeObjectURL(image.src);
  list.replaceChildren(
    ...photos.map((blob, index) => {
      const remove = () => {
        photos = photos.filter((other) => other !== blob);
        drawPhotos();
      };
      const label = t("photos.remove", { number: index + 1 });
      return h(
        "li",
        {},
        h("img", { src: URL.createObjectURL(blob), alt: t("photos.number", { number: index + 1 }) }),
        h("button", { class: "btn", type: "button", text: "×", "aria-label": label, on: { click: remove } }),
      );
    }),
  );
  list.hidden = photos.length === 0;
}

const gps = /** @type {HTMLElement} */ (document.getElementById("gps"));
gps.hidden = false;
document.getElementById("locate")?.addEventListener("click", () => {
  const words = /** @type {HTMLElement} */ (document.getElementById("gps-words"));
  words.textContent = t("gps.looking");
  words.dataset.tone = "";
  watchPosition(
    (fix) => {
      field("lon").value = String(fix.lon);
      field("lat").value = String(fix.lat);
      field("accuracy_m").value = fix.accuracy_m === null ? "" : String(Math.round(fix.accuracy_m));
      words.textContent = t("gps.found", { metres: Math.round(fix.accuracy_m ?? 0) });
      words.dataset.tone = "success";
    },
    (reason) => {
      if (!reason) return;
      words.textContent = t(`gps.${reason}`);
      words.dataset.tone = "warning";
    },
  );
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (button.disabled) return;
  button.disabled = true;
  say("");
  clearProblems();
  try {
    const answer = await sent();
    location.assign(answer.track);
  } catch (error) {
    show(error);
    button.disabled = false;
    progress.textContent = "";
  }
});

/** Send the form; a proof that has run out meanwhile is renewed once, without asking the person. */
async function sent() {
  for (let again = false; ; again = true) {
    progress.textContent = t("send.proving");
    const found = await proof;
    progress.textContent = t("send.sending");
    const body = new FormData(form);
    body.delete("photo");
    photos.forEach((blob, index) => body.append("photo", blob, `photo${index + 1}.jpg`));
    if (found) {
      body.set("challenge", found.challenge);
      body.set("work", found.work);
      body.delete("answer");
    }
    try {
      return await send(form.action, body, { timeout: SEND_TIMEOUT_MS });
    } catch (error) {
      // Used or too old in any case after an answer: the next try needs another.
      if (error instanceof HttpError && error.problem.status) proof = begin(fresh());
      if (again || !(error instanceof HttpError) || error.problem.code !== "challenge_old") throw error;
    }
  }
}

async function fresh() {
  const address = form.dataset.challengeUrl ?? "";
  if (riddle.hidden) return renewed(address);
  throw new Error("no worker");
}

function clearProblems() {
  for (const note of document.querySelectorAll("[data-problem]")) note.remove();
  document.getElementById("problem-list")?.remove();
}

/** @param {unknown} error */
function show(error) {
  const found = error instanceof HttpError ? (error.problem.errors ?? []) : [];
  const rest = [];
  for (const item of found) {
    const place = [...form.querySelectorAll("[data-pointer]")].find((element) =>
      (element.getAttribute("data-pointer") ?? "").split(" ").some((own) => item.pointer === own || item.pointer.startsWith(`${own}/`)),
    );
    const note = h("p", { class: "error", data: { problem: "" }, text: item.detail });
    if (place) place.append(note);
    else rest.push(item.detail);
    if (place) for (let box = place.closest("details"); box; box = null) box.open = true;
  }
  say([found.length ? t("send.look") : `${t("send.not_sent")} ${explain(error)}`, ...rest].join(" "));
}
