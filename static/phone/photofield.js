// The photos of a report: camera, album, small pictures, taking one away again.

import { fill, h, icon } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { button } from "./parts.js";
import * as photos from "./photos.js";
import * as store from "./store.js";

/** @typedef {import("./records.js").Photo} Photo */

export class PhotoField {
  /**
   * @param {string} reportId
   * @param {{title: string, required: boolean}} asked
   * @param {() => void} onChange
   */
  constructor(reportId, asked, onChange) {
    this.reportId = reportId;
    this.onChange = onChange;
    /** @type {Photo[]} */
    this.photos = [];
    /** @type {string[]} */
    this.addresses = [];
    this.busy = 0;
    /** @type {Promise<import("./records.js").Taken | null> | undefined} */
    this.shutter = undefined;
    this.thumbs = h("ul", { class: "thumbs", "aria-label": asked.title });
    this.error = h("p", { class: "error", role: "alert", id: "error-photo", hidden: true });
    this.element = h(
      "fieldset",
      { class: "field", data: { question: "photo" } },
      h("legend", { data: asked.required ? { required: "" } : {}, text: asked.title }),
      h("div", { class: "row" }, this.source("camera", true), this.source("album", false)),
      this.thumbs,
      this.error,
    );
  }

  /**
   * Two buttons, for `capture` hides the album on some phones.
   * @param {string} name
   * @param {boolean} camera
   */
  source(name, camera) {
    const input = h("input", {
      type: "file",
      id: `photo-${name}`,
      accept: "image/*",
      capture: camera ? "environment" : null,
      multiple: !camera,
      on: {
        click: () => (this.shutter = camera ? photos.atTheShutter() : undefined),
        change: () => this.take(input, camera),
      },
    });
    const drawing = icon(name);
    return h("label", { class: "btn photo-button" }, input, drawing, h("span", { text: t(`photo.${name}`) }));
  }

  /** Show what is kept of this report already, finishing what a reload interrupted. */
  async restore() {
    for (const photo of await store.photosOf(this.reportId)) await this.guarded(() => photos.finish(photo));
    this.draw();
  }

  /**
   * @param {HTMLInputElement} input
   * @param {boolean} camera
   */
  async take(input, camera) {
    // The position of the button's touch is that of the shutter; a page reloaded meanwhile asks now.
    const shutter = camera ? (this.shutter ?? photos.atTheShutter()) : undefined;
    this.shutter = undefined;
    const room = photos.MOST_PHOTOS - this.photos.length - this.busy;
    const files = [...(input.files ?? [])];
    input.value = "";
    this.complain(files.length > room ? t("photo.most", { n: photos.MOST_PHOTOS }) : "");
    for (const file of files.slice(0, Math.max(0, room))) {
      await this.guarded(() => photos.add(this.reportId, file, shutter));
    }
    this.onChange();
  }

  /** @param {() => Promise<Photo>} work */
  async guarded(work) {
    this.busy++;
    this.draw();
    try {
      const photo = await work();
      const twice = this.photos.some((other) => other.sha256 === photo.sha256);
      if (twice) await store.dropPhoto(photo.id);
      else this.photos.push(photo);
    } catch (error) {
      this.complain(t(error instanceof photos.NotAPicture ? "photo.unreadable" : "photo.full"));
    } finally {
      this.busy--;
      this.draw();
    }
  }

  draw() {
    this.forget();
    const pictures = this.photos.map((photo, i) => {
      const address = URL.createObjectURL(photo.blob);
      this.addresses.push(address);
      const away = button("×", () => this.remove(photo));
      away.setAttribute("aria-label", t("photo.remove", { n: i + 1 }));
      return h("li", {}, h("img", { src: address, alt: t("photo.number", { n: i + 1 }) }), away);
    });
    const waiting = this.busy ? h("li", { class: "thumb-waiting", role: "status", text: t("photo.working") }) : null;
    fill(this.thumbs, pictures, waiting);
    this.thumbs.hidden = !this.photos.length && !this.busy;
  }

  /** @param {Photo} photo */
  async remove(photo) {
    await store.dropPhoto(photo.id);
    this.photos = this.photos.filter((other) => other !== photo);
    this.draw();
    this.onChange();
  }

  /** @param {string} text */
  complain(text) {
    this.error.textContent = text;
    this.error.hidden = !text;
    return this.element;
  }

  /** Give the pictures' memory back. */
  forget() {
    for (const address of this.addresses) URL.revokeObjectURL(address);
    this.addresses = [];
  }
}
