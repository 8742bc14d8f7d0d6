// Before and after on top of each other, with a slider between them.

import { h } from "../shared/dom.js";

/**
 * Fill an element with the first picture as found and the last one as fed back or closed; without both it stays hidden.
 * @param {HTMLElement} place
 */
export function compare(place) {
  const figures = [...document.querySelectorAll(".before-after > figure")];
  const before = picture(figures[0], 0);
  const after = figures.slice(1).reverse().map((figure) => picture(figure, -1)).find(Boolean);
  if (!before || !after) return;
  const slider = h("input", { type: "range", min: 0, max: 100, value: "50", "aria-label": place.dataset.label });
  slider.addEventListener("input", () => place.style.setProperty("--seen", `${slider.value}%`));
  place.replaceChildren(h("img", { src: before, alt: "" }), h("img", { src: after, alt: "" }), slider);
  place.hidden = false;
}

/**
 * The address of a picture of a figure, in full size.
 * @param {Element | undefined} figure
 * @param {number} at
 */
function picture(figure, at) {
  return [...(figure?.querySelectorAll("a") ?? [])].at(at)?.getAttribute("href") ?? "";
}
