// Texts of a page in the page's language: `await load("phone")`, then `t("send")`.

/** @type {Map<string, string>} */
const texts = new Map();

/**
 * The page's language, from <html lang>.
 * @returns {"zh" | "en"}
 */
export function language() {
  return document.documentElement.lang.startsWith("en") ? "en" : "zh";
}

/**
 * Load the texts that every page shares and those of one page: /static/i18n/<page>.<language>.json.
 * @param {string} page
 */
export async function load(page) {
  await waiting(Promise.all(["shared", page].map((name) => {
    const known = loading.get(name) ?? loadFile(name);
    loading.set(name, known);
    known.catch(() => loading.delete(name));
    return known;
  })));
}

let waits = 0;

/**
 * Say in <html data-waits> that scripts do not listen yet, for shared/early.js.
 * @template T
 * @param {Promise<T>} texts
 * @returns {Promise<T>}
 */
async function waiting(texts) {
  const root = document.documentElement;
  root.dataset.waits = String(++waits);
  try {
    return await texts;
  } finally {
    // After whoever waited has gone on.
    setTimeout(() => {
      if (--waits) root.dataset.waits = String(waits);
      else delete root.dataset.waits;
    });
  }
}

/** @type {Map<string, Promise<void>>} */
const loading = new Map();

/** @param {string} name */
async function loadFile(name) {
  const response = await fetch(`/static/i18n/${name}.${language()}.json`);
  if (!response.ok) throw new Error(`texts of ${name}: ${response.status}`);
  const found = /** @type {Record<string, string>} */ (await response.json());
  for (const [key, text] of Object.entries(found)) texts.set(key, text);
}

/**
 * A text with its {names} filled in; a key without text shows itself, so that it is seen in tests.
 * @param {string} key
 * @param {Record<string, unknown>} [params]
 */
export function t(key, params = {}) {
  const text = texts.get(key) ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in params ? String(params[name]) : whole));
}

/**
 * Whether there is a text for a key.
 * @param {string} key
 */
export function has(key) {
  return texts.has(key);
}

/**
 * Day and time as people write it. China has one time zone, whatever the phone is set to.
 * @param {string | number | Date} time
 */
export function dateTime(time) {
  return new Intl.DateTimeFormat(language() === "zh" ? "zh-CN" : "en-GB", {
    dateStyle: "medium",
    timeStyle: "short",
    timeZone: "Asia/Shanghai",
  }).format(new Date(time));
}

/**
 * A number with separators, at most `digits` behind the point.
 * @param {number} value
 * @param {number} [digits]
 */
export function number(value, digits = 0) {
  const locale = language() === "zh" ? "zh-CN" : "en-GB";
  return new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value);
}
