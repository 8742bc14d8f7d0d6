// The proof of work of the residents' form: begun when the page opens, renewed when it has run out.

import { getJson } from "../shared/http.js";

/** @typedef {{challenge: string, work: string}} Proof */

/**
 * Compute the proof of a challenge in a worker.
 * @param {string} challenge
 * @param {number} bits
 * @returns {Promise<Proof>}
 */
export function prove(challenge, bits) {
  return new Promise((done, fail) => {
    const worker = new Worker("/static/public/proof_worker.js");
    worker.onmessage = (event) => {
      worker.terminate();
      done({ challenge, work: event.data });
    };
    worker.onerror = () => {
      worker.terminate();
      fail(new Error("worker"));
    };
    worker.postMessage({ challenge, bits });
  });
}

/**
 * Ask for a fresh challenge and prove it.
 * @param {string} address
 * @returns {Promise<Proof>}
 */
export async function renewed(address) {
  const fresh = await getJson(address);
  return prove(fresh.challenge, fresh.bits);
}
