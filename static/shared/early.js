// A form that a script sends must not be sent by the browser itself: somebody who is faster than the script's
// loading would lose what they wrote. Such a form has no method, or says data-scripted (its method is for browsers
// without scripts); it is sent again once its script listens.

(() => {
  const EVERY_MS = 100;
  const TRIES = 300;
  /** @type {WeakMap<HTMLFormElement, number>} */
  const tries = new WeakMap();

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
