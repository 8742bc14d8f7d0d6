// A bar that shows one amount against the mean of all.

const WIDTH = 90;
const HEIGHT = 14;
const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {string} colour
 * @param {number} share of the largest amount
 * @param {number} mean as such a share
 */
export function meter(colour, share, mean) {
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, "aria-hidden": "true", class: "meter" });
  picture.append(
    svg("rect", { x: 0, y: 2, width: Math.max(1, share * (WIDTH - 2)), height: HEIGHT - 4, fill: colour, stroke: "#12242e", "stroke-width": 0.5 }),
    svg("line", { x1: mean * (WIDTH - 2), x2: mean * (WIDTH - 2), y1: 0, y2: HEIGHT, stroke: "#12242e", "stroke-width": 2 }),
  );
  return picture;
}

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 */
function svg(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}
