// What every screen of the phone page is given.

/**
 * @typedef {object} Context
 * @property {string} person
 * @property {import("./records.js").HazardClass[]} classes
 * @property {Basemap} basemap
 * @property {string} credit of the station's data
 * @property {import("./records.js").Holder} holder who is signed in
 * @property {number} [threshold_m] above this radius a position counts as rough; set by the station
 * @property {number[]} box west, south, east, north of the station, degrees
 * @property {(address: string) => void} go
 * @property {() => void} again shows the present screen anew
 */

/**
 * How to load the base map; `kind` is empty when the station has none.
 * @typedef {{kind: "" | "xyz" | "mbtiles" | "pmtiles", url: string, max_zoom: number, credit: string, review: string}} Basemap
 */

/**
 * A screen fills the root; what it returns is called when it is left.
 * @typedef {(root: HTMLElement, context: Context, param: string) => Promise<(() => void) | void>} Screen
 */

export {};
