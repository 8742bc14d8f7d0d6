// Edits on their way to the service: one after the other, kept on the disk until it has them, held when they collide.

import { HttpError } from "../shared/http.js";

/** @typedef {import("./edits.js").Operation} Operation */

/**
 * An edit that waits. `was` tells what it was drawn upon, so that it can be tried again upon something else.
 * @typedef {{id: string, draft: string, order: number, based_on: number, operation: Operation, was: any}} Entry
 */

/** @typedef {"saved" | "saving" | "waiting" | "collided"} State */

/** @typedef {{all: (draft: string) => Promise<Entry[]>, put: (entry: Entry) => Promise<void>, remove: (id: string) => Promise<void>}} Storage */

/**
 * What the queue tells: `taken` what the service has kept, `refused` an edit that it will never keep,
 * `collided` edits that touch what somebody else has changed meanwhile, `changed` that the state is another.
 * @typedef {object} Told
 * @property {(answer: any, entries: Entry[]) => void} taken
 * @property {(entry: Entry, error: HttpError) => void} refused
 * @property {(error: HttpError) => void} collided
 * @property {() => void} changed
 */

const BATCH = 50;
const FIRST_REST_MS = 1000;
const LONGEST_REST_MS = 30_000;

export class Queue {
  /**
   * @param {string} draft
   * @param {Storage} storage
   * @param {(entries: Entry[]) => Promise<any>} send
   * @param {Told} told
   */
  constructor(draft, storage, send, told) {
    this.draft = draft;
    this.storage = storage;
    this.send = send;
    this.told = told;
    /** @type {Entry[]} */
    this.entries = [];
    /** @type {State} */
    this.state = "saved";
    this.order = 0;
    this.rest = FIRST_REST_MS;
    this.timer = 0;
    /** @type {Promise<void> | null} */
    this.running = null;
    /** How many of the first entries may be sent in one request: 1 while the culprit of a refusal is sought. */
    this.most = BATCH;
  }

  /** Take up what an earlier visit of this page could not send. */
  async open() {
    this.entries = (await this.storage.all(this.draft)).sort((a, b) => a.order - b.order);
    this.order = this.entries.at(-1)?.order ?? 0;
  }

  /**
   * Add an edit; it is on the disk before it is sent.
   * @param {string} id
   * @param {number} basedOn
   * @param {Operation} operation
   * @param {any} was
   */
  async add(id, basedOn, operation, was) {
    const entry = { id, draft: this.draft, order: ++this.order, based_on: basedOn, operation, was };
    this.entries.push(entry);
    this.#become(this.state === "collided" || this.state === "waiting" ? this.state : "saving");
    await this.storage.put(entry);
    if (this.state === "saving") await this.flush();
  }

  /** Take the last edit back that was not sent yet; undefined when there is none. */
  async takeBack() {
    if (this.running) return undefined;
    const entry = this.entries.pop();
    if (!entry) return undefined;
    await this.storage.remove(entry.id);
    if (!this.entries.length) this.#become("saved");
    return entry;
  }

  /** Send what waits; resolves when all is sent or no more can be sent now. */
  flush() {
    this.running ??= this.#run().finally(() => {
      this.running = null;
      this.told.changed();
    });
    return this.running;
  }

  async #run() {
    clearTimeout(this.timer);
    while (this.entries.length && this.state !== "collided") {
      this.#become("saving");
      const some = this.entries.slice(0, this.most);
      try {
        await this.#kept(some, await this.send(some));
        this.most = Math.min(BATCH, this.most * 2);
      } catch (error) {
        if (!(error instanceof HttpError)) throw error;
        if (!(await this.#failed(some, error))) return;
      }
    }
    if (!this.entries.length) this.#become("saved");
  }

  /**
   * @param {Entry[]} some
   * @param {any} answer
   */
  async #kept(some, answer) {
    this.rest = FIRST_REST_MS;
    this.entries.splice(0, some.length);
    this.told.taken(answer, some);
    for (const entry of some) await this.storage.remove(entry.id);
  }

  /**
   * @param {Entry[]} some
   * @param {HttpError} error
   * @returns {Promise<boolean>} whether to go on
   */
  async #failed(some, error) {
    if (error.passing || error.problem.status === 401) {
      this.timer = setTimeout(() => void this.flush(), this.rest);
      this.rest = Math.min(LONGEST_REST_MS, this.rest * 2);
      this.#become("waiting");
      return false;
    }
    if (error.problem.code === "draft_collision") {
      this.#become("collided");
      this.told.collided(error);
      return false;
    }
    if (some.length > 1) {
      this.most = 1;
      return true;
    }
    this.entries.shift();
    await this.storage.remove(some[0].id);
    this.told.refused(some[0], error);
    return true;
  }

  /**
   * Go on after a collision with these edits in the place of those that wait.
   * @param {Entry[]} entries
   */
  async resolve(entries) {
    for (const entry of this.entries) await this.storage.remove(entry.id);
    this.entries = entries;
    for (const entry of entries) await this.storage.put(entry);
    this.#become(entries.length ? "saving" : "saved");
    if (entries.length) await this.flush();
  }

  /** @param {State} state */
  #become(state) {
    this.state = state;
    this.told.changed();
  }
}
