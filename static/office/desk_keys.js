// The keys of the desk; the help of the page names them.

/** @typedef {{move: (by: number) => void, turn: (by: number) => void, search: () => void, help: () => void}} Acts */

/**
 * Listen for single keys; who types somewhere, or holds a modifier, means something else.
 * @param {Acts} acts
 */
export function watchKeys(acts) {
  /** @type {Record<string, () => void>} */
  const keys = {
    j: () => acts.move(1),
    k: () => acts.move(-1),
    "]": () => acts.turn(1),
    "[": () => acts.turn(-1),
    "/": acts.search,
    "?": acts.help,
  };
  document.addEventListener("keydown", (event) => {
    const typing = event.target instanceof HTMLElement && event.target.closest("input, select, textarea, dialog");
    if (event.key === "Escape" && typing instanceof HTMLInputElement) return typing.blur();
    const act = keys[event.key];
    if (!act || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
}
