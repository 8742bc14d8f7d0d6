// Requests to our own service: JSON in and out, the form mark added, refusals as errors with the problem.

import { language, t } from "./i18n.js";

/**
 * What the service answers when it refuses (RFC 9457).
 * @typedef {object} Problem
 * @property {number} status
 * @property {string} code
 * @property {string} title
 * @property {string} detail
 * @property {FieldProblem[]} [errors]
 */

/**
 * One field that is wrong: where (JSON pointer), a stable code, a sentence.
 * @typedef {{pointer: string, code: string, detail: string}} FieldProblem
 */

/**
 * How a request may differ. `timeout` in milliseconds.
 * @typedef {{method?: string, timeout?: number, signal?: AbortSignal}} Options
 */

const TIMEOUT_MS = 30_000;

/** A request that failed. Without an answer, `problem.status` is 0 and the code "network" or "timeout". */
export class HttpError extends Error {
  /** @param {Problem} problem */
  constructor(problem) {
    super(problem.detail || problem.title);
    this.name = "HttpError";
    this.problem = problem;
  }

  /** Whether sending the same again later may help. */
  get passing() {
    return this.problem.status === 0 || [408, 425, 429].includes(this.problem.status) || this.problem.status >= 500;
  }
}

/**
 * Get JSON. Raises HttpError.
 * @param {string} address
 * @param {Options} [options]
 * @returns {Promise<any>}
 */
export function getJson(address, options = {}) {
  return ask(address, { method: "GET" }, options);
}

/**
 * Send an object as JSON, or a FormData as it is. Raises HttpError. An empty answer gives null.
 * @param {string} address
 * @param {object | FormData | null} body
 * @param {Options} [options]
 * @returns {Promise<any>}
 */
export function send(address, body, options = {}) {
  const form = body instanceof FormData;
  /** @type {Record<string, string>} */
  const headers = { "X-CSRF-Token": csrf() };
  if (body !== null && !form) headers["Content-Type"] = "application/json";
  const sent = body === null ? null : form ? body : JSON.stringify(body);
  return ask(address, { method: options.method ?? "POST", headers, body: sent }, options);
}

/**
 * A failure in words for people.
 * @param {unknown} error
 */
export function explain(error) {
  if (error instanceof HttpError) return error.problem.detail || error.problem.title;
  return t("error.unexpected", { reason: error instanceof Error ? error.message : String(error) });
}

function csrf() {
  return document.querySelector('meta[name="csrf"]')?.getAttribute("content") ?? "";
}

/**
 * @param {string} address
 * @param {RequestInit} init
 * @param {Options} options
 */
async function ask(address, init, options) {
  const clock = AbortSignal.timeout ? AbortSignal.timeout(options.timeout ?? TIMEOUT_MS) : undefined;
  const headers = {
    Accept: "application/json, application/problem+json",
    "Accept-Language": language(),
    .../** @type {Record<string, string>} */ (init.headers ?? {}),
  };
  try {
    const response = await fetch(address, { ...init, headers, signal: options.signal ?? clock });
    const text = await response.text();
    if (!response.ok) throw new HttpError(problemOf(response, text));
    return text ? JSON.parse(text) : null;
  } catch (error) {
    throw translated(error, options.signal);
  }
}

/**
 * @param {Response} response
 * @param {string} text
 * @returns {Problem}
 */
function problemOf(response, text) {
  try {
    const found = JSON.parse(text);
    if (found && typeof found.code === "string") return { ...found, status: response.status };
  } catch {
    // Not ours: a proxy or a network's login page answered.
  }
  const detail = t("error.status", { status: response.status });
  return { status: response.status, code: `http_${response.status}`, title: detail, detail };
}

/**
 * @param {unknown} error
 * @param {AbortSignal} [signal]
 */
function translated(error, signal) {
  if (error instanceof HttpError || signal?.aborted) return error;
  let code = "network";
  if (error instanceof DOMException && error.name === "TimeoutError") code = "timeout";
  if (error instanceof SyntaxError) code = "bad_reply";
  const detail = t(`error.${code}`);
  return new HttpError({ status: 0, code, title: detail, detail });
}
