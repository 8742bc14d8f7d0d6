// The sign-in page: shows the typed password on wish, and sends only once.

const box = /** @type {HTMLInputElement} */ (document.getElementById("show-password"));
const password = /** @type {HTMLInputElement} */ (document.getElementById("password"));
const form = /** @type {HTMLFormElement} */ (document.getElementById("login"));

// Only with this script there is something to tick.
const label = box.closest("label");
if (label) label.hidden = false;
box.addEventListener("change", () => {
  password.type = box.checked ? "text" : "password";
});
form.addEventListener("submit", () => {
  // A password manager learns a password only from a field of that type.
  password.type = "password";
  form.querySelector("button")?.setAttribute("aria-busy", "true");
});
