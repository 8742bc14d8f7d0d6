// One case: the small map of its place, and the next step.

import { byId } from "../shared/dom.js";
import { HttpError, send } from "../shared/http.js";
import { load } from "../shared/i18n.js";
import { CasePage } from "./case_live.js";
import { compare } from "./compare.js";
import { run } from "./countdown.js";
import { Words } from "./kept_words.js";
import { drawPlace } from "./place_map.js";
import { preview, smaller } from "./photo.js";
import { sending } from "./problems.js";

await load("office");

const page = new CasePage({ drawn: () => compare(byId("compare")), offered });
drawPlace(byId("case-map"));
run();
compare(byId("compare"));
offered();
page.start();

/** The next steps are on the page: let their forms work. */
function offered() {
  document.getElementById("load-again")?.addEventListener("click", () => location.reload());
  for (const form of document.querySelectorAll("form[data-step]")) {
    if (form instanceof HTMLFormElement) watch(form);
  }
}

/** @param {HTMLFormElement} form */
function watch(form) {
  const photo = /** @type {HTMLInputElement | null} */ (form.querySelector("input[type=file]"));
  const shown = /** @type {HTMLElement | null} */ (form.querySelector("[data-preview]"));
  if (photo && shown) photo.addEventListener("change", () => preview(photo.files?.[0], shown));
  const words = new Words(form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sending(form, async () => {
      words.keep();
      await step(async () => send(form.dataset.url ?? "", await filled(form, photo), { timeout: 120_000 }));
      words.forget();
      location.reload();
    });
  });
}

/**
 * What a form says, as the service takes it: only what was filled in, local times with their zone.
 * @param {HTMLFormElement} form
 * @param {HTMLInputElement | null} photo
 */
async function filled(form, photo) {
  const body = new FormData();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && value && name !== "csrf") body.set(name, name === "until" ? new Date(value).toISOString() : value);
  }
  body.set("revision", form.dataset.revision ?? "");
  const file = photo?.files?.[0];
  if (file) body.set("photo", await smaller(file), file.name);
  if (form.querySelector('[data-pointer="/place"]')) await addPlace(body);
  return body;
}

/**
 * Add where the person stands, when the device tells; the service says what is missing otherwise.
 * @param {FormData} body
 */
async function addPlace(body) {
  /** @type {GeolocationPosition | null} */
  const found = await new Promise((done) =>
    navigator.geolocation.getCurrentPosition(done, () => done(null), { enableHighAccuracy: true, timeout: 15_000 }),
  );
  if (!found) return;
  body.set("lon", String(found.coords.longitude));
  body.set("lat", String(found.coords.latitude));
  body.set("accuracy_m", String(found.coords.accuracy));
}

/**
 * Take a step. When somebody else was faster, offer to load again instead of trying again.
 * @param {() => Promise<unknown>} act
 */
async function step(act) {
  try {
    await act();
  } catch (error) {
    const again = document.getElementById("load-again");
    if (again && error instanceof HttpError && error.problem.status === 409) again.hidden = false;
    throw error;
  }
}
