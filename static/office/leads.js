// Restricted leads: the purpose is sent and kept before the case is opened.

import { send } from "../shared/http.js";
import { load } from "../shared/i18n.js";
import { sending } from "./problems.js";

await load("leads");

for (const item of document.querySelectorAll("form[data-open]")) {
  const form = /** @type {HTMLFormElement} */ (item);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sending(form, () => open(form));
  });
}

/** @param {HTMLFormElement} form */
async function open(form) {
  const opened = await send(form.dataset.open ?? "", Object.fromEntries(new FormData(form)));
  location.assign(`/cases/${encodeURIComponent(opened.number)}`);
}
