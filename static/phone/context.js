// What every screen of the phone page is given.

/**
 * @typedef {object} Context
 * @property {string} person
 * @property {import("./records.js").HazardClass[]} classes
 * @property {{url: string, credit: string, review: string}} basemap
 * @property {number[]} box west, south, east, north of the station, degrees
 * @property {(address: string) => void} go
 * @property {() => void} again shows the present screen anew
 */

/**
 * A screen fills the root; what it returns is called when it is left.
 * @typedef {(root: HTMLElement, context: Context, param: string) => Promise<(() => void) | void>} Screen
 */

export {};
