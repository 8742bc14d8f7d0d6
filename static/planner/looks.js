// Colours of the editor's map: a few that stay apart for everyone's eyes, neighbours never alike.

const PALETTE = ["#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#0072b2", "#d55e00", "#8c6bb1", "#a6761d", "#66a61e"];
export const UNBOUND = "#dfe6ea";

/**
 * The value of a colour token.
 * @param {string} name
 */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/**
 * A colour for each police grid; those that touch get different ones (greedy, by name, so that it is always the same).
 * @param {import("./network.js").Network} network
 * @param {Map<string, import("./draft.js").Grid>} grids
 * @param {Map<string, import("./draft.js").PoliceGrid>} policeGrids
 * @param {Map<string, string>} known colours given before, which stay
 * @returns {Map<string, string>}
 */
export function policeColours(network, grids, policeGrids, known = new Map()) {
  const touching = touches(network, grids);
  /** @type {Map<string, string>} */
  const given = new Map();
  for (const [id, found] of policeGrids) {
    const old = found.colour || known.get(id);
    if (old) given.set(id, old);
  }
  const named = [...policeGrids].sort(([, a], [, b]) => a.name.localeCompare(b.name, "zh"));
  for (const [id] of named) {
    if (given.has(id)) continue;
    const taken = new Set([...(touching.get(id) ?? [])].map((other) => given.get(other)));
    const used = [...given.values()];
    const free = PALETTE.filter((one) => !taken.has(one));
    const seldom = (free.length ? free : PALETTE).map((one) => [used.filter((each) => each === one).length, one]);
    seldom.sort(([a], [b]) => Number(a) - Number(b));
    given.set(id, String(seldom[0][1]));
  }
  return given;
}

/**
 * Which police grids touch one another.
 * @param {import("./network.js").Network} network
 * @param {Map<string, import("./draft.js").Grid>} grids
 */
function touches(network, grids) {
  /** @type {Map<string, Set<string>>} */
  const found = new Map();
  for (const { left, right } of network.lines.values()) {
    const [one, two] = [left && grids.get(left)?.police_grid, right && grids.get(right)?.police_grid];
    if (!one || !two || one === two) continue;
    for (const [a, b] of [[one, two], [two, one]]) found.set(a, (found.get(a) ?? new Set()).add(b));
  }
  return found;
}
