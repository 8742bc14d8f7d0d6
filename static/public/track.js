// The page of one report: copying its address, and a photo made small before it is sent.

import { toast } from "../shared/dom.js";
import { load, t } from "../shared/i18n.js";
import { shrunk } from "./shrink.js";

await load("public");

const copy = /** @type {HTMLButtonElement} */ (document.getElementById("copy"));
copy.hidden = false;
copy.addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(copy.dataset.copy ?? "");
    toast(t("track.copied"));
  } catch {
    // Without HTTPS browsers keep the clipboard closed: the code is marked for copying by hand.
    const code = document.getElementById("code");
    if (code) getSelection()?.selectAllChildren(code);
    toast(t("track.copy_by_hand"));
  }
});

const form = /** @type {HTMLFormElement} */ (document.getElementById("photo-form"));
form.addEventListener("submit", async (event) => {
  const chooser = /** @type {HTMLInputElement} */ (document.getElementById("photo"));
  const file = chooser.files?.[0];
  if (!file || form.dataset.small || typeof DataTransfer !== "function") return;
  event.preventDefault();
  try {
    const carrier = new DataTransfer();
    carrier.items.add(new File([await shrunk(file)], "photo.jpg", { type: "image/jpeg" }));
    chooser.files = carrier.files;
  } catch {
    const note = /** @type {HTMLElement} */ (document.getElementById("form-problem"));
    note.textContent = t("photos.unreadable", { name: file.name });
    note.hidden = false;
    return;
  }
  form.dataset.small = "yes";
  form.submit();
});
