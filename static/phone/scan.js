// Reads the QR code of a place with the phone's camera, where the browser can.

import { fill, h } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { draft } from "./draft.js";
import { alertBox, buttonLink } from "./parts.js";

const PAUSE_MS = 250;

/** Whether this browser reads codes and may use the camera here. */
export function canScan() {
  return "BarcodeDetector" in window && isSecureContext && Boolean(navigator.mediaDevices?.getUserMedia);
}

/**
 * The place that a code names, empty when it is no code of ours.
 * @param {string} text what was read: the address of a place's page
 */
export function codeIn(text) {
  return /\/r\/([\w-]{1,40})\/?(?:[?#]|$)/.exec(text)?.[1] ?? "";
}

/** @type {import("./context.js").Screen} */
export async function scanScreen(root, context) {
  const back = draft() ? "#/where" : "#/what";
  if (!canScan()) return context.go(back);
  const video = h("video", { class: "scan-view", playsinline: true, autoplay: true, "aria-label": t("scan.title") });
  video.muted = true;
  const said = h("p", { role: "status", text: t("scan.hint") });
  fill(root, h("h1", { tabindex: "-1", text: t("scan.title") }), video, said, h("div", { class: "action-bar" }, buttonLink(back, t("back"))));
  const camera = new Camera(video);
  camera
    .watch((text) => {
      const code = codeIn(text);
      if (code) return context.go(`#/from/${code}`);
      said.textContent = t("scan.foreign");
    })
    .catch(() => fill(root, h("h1", { tabindex: "-1", text: t("scan.title") }), alertBox(t("scan.denied"), "error"), buttonLink(back, t("back"))));
  return () => camera.stop();
}

class Camera {
  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.video = video;
    this.open = true;
    /** @type {MediaStream | null} */
    this.stream = null;
  }

  /**
   * Show what the camera sees and tell each code, until stopped. Raises when the camera is refused.
   * @param {(text: string) => void} tell
   */
  async watch(tell) {
    this.stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    if (!this.open) return this.stop();
    this.video.srcObject = this.stream;
    const reader = new BarcodeDetector({ formats: ["qr_code"] });
    while (this.open) {
      const [found] = await reader.detect(this.video).catch(() => []);
      if (found && this.open) tell(found.rawValue);
      await new Promise((done) => setTimeout(done, PAUSE_MS));
    }
  }

  stop() {
    this.open = false;
    for (const track of this.stream?.getTracks() ?? []) track.stop();
  }
}
