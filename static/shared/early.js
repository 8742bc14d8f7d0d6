// A form that a script sends must not be sent by the browser itself: somebody who is faster than the script's
// loading would lose what they wrote. Such a form has no method, or says data-scripted (its method is for browsers
// without scripts); it is sent again once its script listens.

// The same for a press on a button: until the page's scripts listen, which is when the texts that each of them
// waits for are there (shared/i18n.js counts them in data-waits), the press is kept and given on then.

(() => {
  const EVERY_MS = 100;
  const TRIES = 300;
  /** @type {WeakMap<HTMLFormElement, number>} */
  const tries = new WeakMap();
  /** @type {Set<HTMLButtonElement>} */
  const pressed = new Set();
  let parsed = false;
  const waits = () => !parsed || "waits" in document.documentElement.dataset;

  /** @param {MouseEvent} event */
  function keep(event) {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (!button || !waits()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    pressed.add(button);
  }

  function giveOn() {
    if (waits()) return void setTimeout(giveOn, EVERY_MS / 2);
    window.removeEventListener("click", keep, true);
    for (const button of pressed) if (button.isConnected) button.click();
    pressed.clear();
  }

  window.addEventListener("click", keep, true);
  document.addEventListener("DOMContentLoaded", () => {
    parsed = true;
    giveOn();
  });

  window.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || !(form instanceof HTMLFormElement)) return;
    if (form.hasAttribute("method") && !form.hasAttribute("data-scripted")) return;
    event.preventDefault();
    const count = (tries.get(form) ?? 0) + 1;
    tries.set(form, count);
    if (count < TRIES) setTimeout(() => form.isConnected && form.requestSubmit(event.submitter), EVERY_MS);
  });
})();
