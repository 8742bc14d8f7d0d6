// The service worker where there is one: the page without a network, and the change to a new version.

import { byId, h } from "../shared/dom.js";
import { language, t } from "../shared/i18n.js";

let changing = false;

/**
 * Register the service worker and take a new version when it disturbs nobody: `idle` says whether nothing is
 * being written. Else the person is asked. Without service workers nothing happens.
 * @param {() => boolean} idle
 */
export async function watchVersions(idle) {
  const workers = navigator.serviceWorker;
  if (!workers || !isSecureContext) return;
  workers.addEventListener("controllerchange", () => changing && location.reload());
  try {
    const registration = await workers.register("/phone/sw.js", { scope: "/phone/" });
    await workers.ready;
    registration.active?.postMessage({ kind: "language", language: language() });
    if (registration.waiting) offer(registration.waiting, idle);
    registration.addEventListener("updatefound", () => watch(registration.installing, idle));
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") registration.update().catch(() => undefined);
    });
  } catch (error) {
    // Without it the page works as long as it is open; some browsers forbid it.
    console.warn("service worker", error);
  }
}

/**
 * @param {ServiceWorker | null} worker
 * @param {() => boolean} idle
 */
function watch(worker, idle) {
  worker?.addEventListener("statechange", () => {
    if (worker.state === "installed" && navigator.serviceWorker.controller) offer(worker, idle);
  });
}

/**
 * @param {ServiceWorker} worker
 * @param {() => boolean} idle
 */
function offer(worker, idle) {
  const take = () => {
    changing = true;
    worker.postMessage({ kind: "take-over" });
  };
  if (idle() && document.visibilityState === "hidden") return take();
  document.querySelector(".version-notice")?.remove();
  const button = h("button", { class: "btn", type: "button", id: "new-version", on: { click: take } }, t("version.take"));
  byId("notices").before(h("p", { class: "alert version-notice", role: "status" }, t("version.new"), " ", button));
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && idle() && take());
}
