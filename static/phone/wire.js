// Requests of page and service worker alike: no document, no texts; what fails is a Failure with a code.

/** A failed request: `status` 0 without an answer. */
export class Failure extends Error {
  /**
   * @param {number} status
   * @param {string} code
   * @param {{detail?: string, errors?: any[], wait_ms?: number, offset?: number | null}} [more]
   */
  constructor(status, code, more = {}) {
    super(more.detail || code);
    this.status = status;
    this.code = code;
    this.detail = more.detail ?? "";
    this.errors = more.errors ?? [];
    /** How long the service asks to be left alone, milliseconds. */
    this.wait_ms = more.wait_ms ?? 0;
    /** Where an upload goes on, bytes. */
    this.offset = more.offset ?? null;
  }

  /** Whether sending the very same again later may help. */
  get passing() {
    return this.status === 0 || [408, 425, 429].includes(this.status) || this.status >= 500;
  }

  /** Whether somebody must sign in first. */
  get signedOut() {
    return this.code === "not_authenticated" || this.code === "cross_site";
  }
}

/**
 * Ask our service. Raises Failure.
 * @param {string} address
 * @param {RequestInit & {language?: string, timeout_ms?: number}} init
 * @returns {Promise<{data: any, headers: Headers}>}
 */
export async function request(address, { language = "zh", timeout_ms = 30_000, ...init }) {
  const stop = new AbortController();
  const clock = setTimeout(() => stop.abort(), timeout_ms);
  const headers = { Accept: "application/json, application/problem+json", "Accept-Language": language, ...init.headers };
  try {
    const response = await fetch(address, { ...init, headers, signal: stop.signal, redirect: "error" });
    const text = init.method === "HEAD" ? "" : await response.text();
    if (!response.ok) throw failureOf(response, text);
    return { data: text ? JSON.parse(text) : null, headers: response.headers };
  } catch (error) {
    if (error instanceof Failure) throw error;
    if (error instanceof SyntaxError) throw new Failure(0, "bad_reply");
    throw new Failure(0, stop.signal.aborted ? "timeout" : "network");
  } finally {
    clearTimeout(clock);
  }
}

/**
 * @param {Response} response
 * @param {string} text
 */
function failureOf(response, text) {
  const wait_ms = 1000 * (Number(response.headers.get("Retry-After")) || 0);
  const said = response.headers.get("Upload-Offset");
  const offset = said === null ? null : Number(said);
  try {
    const found = JSON.parse(text);
    if (typeof found.code === "string") {
      const { code, detail = "", errors = [] } = found;
      return new Failure(response.status, code, { detail, errors, wait_ms, offset });
    }
  } catch {
    // Not ours: a proxy or a network's login page answered. What waits goes on waiting.
  }
  const status = response.status >= 500 || response.status === 404 || response.status === 401 ? response.status : 0;
  return new Failure(status, status === 401 ? "not_authenticated" : status ? `http_${status}` : "bad_reply", { wait_ms, offset });
}

/**
 * Who is signed in on this phone now, and how far the phone's clock is from the service's. Raises Failure.
 * @param {string} language
 * @returns {Promise<{me: import("./records.js").Holder, offset_ms: number}>}
 */
export async function whoHolds(language) {
  const { data, headers } = await request("/api/v1/phone", { language, timeout_ms: 20_000 });
  const told = Date.parse(headers.get("Date") ?? "");
  if (!data?.person) throw new Failure(401, "not_authenticated");
  return { me: data, offset_ms: Number.isNaN(told) ? 0 : told - Date.now() };
}
