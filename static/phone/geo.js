// A little plane geometry in degrees, for areas of a few hundred metres.

/** @typedef {number[][]} Ring */

/**
 * A point that lies inside an area: the middle of the widest stretch on its middle line.
 * @param {{type: string, coordinates: any}} geometry Polygon or MultiPolygon, WGS 84
 * @returns {{lon: number, lat: number}}
 */
export function innerPoint(geometry) {
  /** @type {Ring[][]} */
  const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
  const found = polygons.map(widest);
  found.sort((a, b) => b.width - a.width);
  return { lon: found[0].lon, lat: found[0].lat };
}

/** @param {Ring[]} rings */
function widest(rings) {
  const lats = rings[0].map((point) => point[1]);
  const low = Math.min(...lats);
  // Not exactly the middle: a line through a corner would count it twice.
  const lat = low + (Math.max(...lats) - low) * 0.50007;
  const cuts = rings.flatMap((ring) => crossings(ring, lat)).sort((a, b) => a - b);
  let best = { lon: cuts[0], lat, width: 0 };
  for (let i = 0; i + 1 < cuts.length; i += 2) {
    const width = cuts[i + 1] - cuts[i];
    if (width > best.width) best = { lon: (cuts[i] + cuts[i + 1]) / 2, lat, width };
  }
  return best;
}

/**
 * @param {Ring} ring
 * @param {number} lat
 */
function crossings(ring, lat) {
  const cuts = [];
  for (let i = 0; i + 1 < ring.length; i++) {
    const [x1, y1] = ring[i];
    const [x2, y2] = ring[i + 1];
    if (y1 > lat !== y2 > lat) cuts.push(x1 + ((lat - y1) / (y2 - y1)) * (x2 - x1));
  }
  return cuts;
}
