// Own forms: upload an XLSForm, show its faults row by row, publish, take out of use.

import { byId, h } from "../shared/dom.js";
import { explain, HttpError, send } from "../shared/http.js";
import { load, t } from "../shared/i18n.js";
import { sending } from "./problems.js";

await load("office");

const form = /** @type {HTMLFormElement} */ (byId("upload"));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  sending(form, upload);
});

for (const button of document.querySelectorAll("[data-act]")) {
  button.addEventListener("click", () => act(/** @type {HTMLButtonElement} */ (button)));
}

async function upload() {
  byId("faults").replaceChildren();
  try {
    await send("/api/v1/forms", new FormData(form));
  } catch (error) {
    const faults = error instanceof HttpError ? (error.problem.errors ?? []) : [];
    if (!faults.length) throw error;
    byId("faults").replaceChildren(...faults.map((fault) => h("li", { text: `${place(fault.pointer)}${fault.detail}` })));
    return;
  }
  window.location.reload();
}

/**
 * Where a fault lies, as people count rows.
 * @param {string} pointer
 */
function place(pointer) {
  const row = /^row (\d+)$/.exec(pointer);
  return row ? t("forms.row", { row: row[1] }) : "";
}

/** @param {HTMLButtonElement} button */
async function act(button) {
  const problem = button.closest("article")?.querySelector("[data-problem]");
  button.disabled = true;
  try {
    await send(button.dataset.act ?? "", {});
    window.location.reload();
  } catch (error) {
    button.disabled = false;
    if (!(problem instanceof HTMLElement)) return;
    problem.textContent = explain(error);
    problem.hidden = false;
  }
}
