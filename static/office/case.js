// One case: the small map of its place, and the next step.

import { byId } from "../shared/dom.js";
import { HttpError, send } from "../shared/http.js";
import { load } from "../shared/i18n.js";
import { drawPlace } from "./place_map.js";
import { preview, smaller } from "./photo.js";
import { sending } from "./problems.js";

await load("office");

drawPlace(byId("case-map"));
const accept = document.getElementById("accept");
const close = document.getElementById("close");
const again = document.getElementById("load-again");
again?.addEventListener("click", () => location.reload());

if (accept instanceof HTMLFormElement) {
  accept.addEventListener("submit", (event) => {
    event.preventDefault();
    sending(accept, () => step(() => send(accept.dataset.url ?? "", { revision: Number(accept.dataset.revision) })));
  });
}

if (close instanceof HTMLFormElement) {
  const photo = /** @type {HTMLInputElement} */ (byId("photo"));
  photo.addEventListener("change", () => preview(photo.files?.[0], byId("preview")));
  close.addEventListener("submit", (event) => {
    event.preventDefault();
    sending(close, () => step(async () => send(close.dataset.url ?? "", await proof(close, photo), { timeout: 120_000 })));
  });
}

/**
 * @param {HTMLFormElement} form
 * @param {HTMLInputElement} photo
 */
async function proof(form, photo) {
  const body = new FormData();
  body.set("note", String(new FormData(form).get("note") ?? ""));
  body.set("revision", form.dataset.revision ?? "");
  const file = photo.files?.[0];
  if (file) body.set("photo", await smaller(file), file.name);
  return body;
}

/**
 * Take a step and show the case anew. When somebody else was faster, offer to load again instead of trying again.
 * @param {() => Promise<unknown>} act
 */
async function step(act) {
  try {
    await act();
  } catch (error) {
    if (again && error instanceof HttpError && error.problem.status === 409) again.hidden = false;
    throw error;
  }
  location.reload();
}
