// Jobs of the machine: start again what was given up.

import { byId } from "../shared/dom.js";
import { explain, send } from "../shared/http.js";

for (const item of document.querySelectorAll("button[data-restart]")) {
  const button = /** @type {HTMLButtonElement} */ (item);
  button.addEventListener("click", () => restart(button));
}

/** @param {HTMLButtonElement} button */
async function restart(button) {
  const problem = byId("problem");
  problem.hidden = true;
  button.disabled = true;
  try {
    await send(button.dataset.restart ?? "", null, { method: "POST" });
    window.location.reload();
  } catch (error) {
    problem.textContent = explain(error);
    problem.hidden = false;
    button.disabled = false;
  }
}
