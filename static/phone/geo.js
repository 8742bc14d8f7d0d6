// A little plane geometry in degrees, for areas of a few hundred metres.

/** @typedef {number[][]} Ring */
/** @typedef {{lon: number, lat: number}} Point */
/** @typedef {{type: string, coordinates: any}} Geometry Polygon or MultiPolygon, WGS 84 */

const METRES_OF_A_DEGREE = 111_320;

/**
 * Metres between two points of one town, true to a thousandth.
 * @param {Point} a
 * @param {Point} b
 */
export function metres(a, b) {
  const width = Math.cos(((a.lat + b.lat) / 2) * (Math.PI / 180));
  return Math.hypot((a.lon - b.lon) * width, a.lat - b.lat) * METRES_OF_A_DEGREE;
}

/**
 * The radius in metres of the circle round a point that holds a whole area.
 * @param {Geometry} geometry
 * @param {Point} from
 */
export function reach(geometry, from) {
  const corners = polygonsOf(geometry).flatMap((rings) => rings[0]);
  return Math.max(...corners.map(([lon, lat]) => metres(from, { lon, lat })));
}

/**
 * Whether a point lies in an area.
 * @param {Geometry} geometry
 * @param {Point} point
 */
export function holds(geometry, { lon, lat }) {
  return polygonsOf(geometry).some((rings) => {
    const west = rings.flatMap((ring) => crossings(ring, lat)).filter((cut) => cut < lon);
    return west.length % 2 === 1;
  });
}

/**
 * West, south, east, north of areas.
 * @param {Geometry[]} geometries
 */
export function boxOf(geometries) {
  const corners = geometries.flatMap(polygonsOf).flatMap((rings) => rings[0]);
  const lons = corners.map(([lon]) => lon);
  const lats = corners.map(([, lat]) => lat);
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}

/**
 * A point that lies inside an area: the middle of the widest stretch on its middle line.
 * @param {Geometry} geometry
 * @returns {Point}
 */
export function innerPoint(geometry) {
  const found = polygonsOf(geometry).map(widest);
  found.sort((a, b) => b.width - a.width);
  return { lon: found[0].lon, lat: found[0].lat };
}

/**
 * @param {Geometry} geometry
 * @returns {Ring[][]}
 */
function polygonsOf(geometry) {
  return geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
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
