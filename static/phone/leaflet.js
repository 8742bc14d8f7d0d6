// The map library, loaded only when a map is to be shown: most of the page's bytes are in it.

const FOLDER = "/static/vendor/leaflet-1.9.4";

/** @type {Promise<void> | null} */
let loading = null;

/** Load Leaflet with its sheets, once. Never raises: a screen without a map is still of use. */
export function leaflet() {
  loading ??= load();
  return loading;
}

async function load() {
  try {
    await Promise.all([sheet(`${FOLDER}/leaflet.css`), sheet("/static/style/map.css"), script(`${FOLDER}/leaflet.js`)]);
  } catch {
    loading = null;
  }
}

/** @param {string} address */
function sheet(address) {
  const link = document.createElement("link");
  return loaded(Object.assign(link, { rel: "stylesheet", href: address }));
}

/** @param {string} address */
function script(address) {
  if ("L" in globalThis) return Promise.resolve();
  return loaded(Object.assign(document.createElement("script"), { src: address }));
}

/**
 * @param {HTMLElement} element
 * @returns {Promise<void>}
 */
function loaded(element) {
  return new Promise((done, fail) => {
    element.addEventListener("load", () => done());
    element.addEventListener("error", () => fail(new Error("not loaded")));
    document.head.append(element);
  });
}
