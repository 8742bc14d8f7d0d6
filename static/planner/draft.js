// One draft in the browser: what the service has, what waits to be sent on top of it, and what both look like together.

import { getJson, send } from "../shared/http.js";
import { drawnUpon, rebased } from "./collisions.js";
import { changes, isNear } from "./edits.js";
import { Network } from "./network.js";
import { Queue } from "./queue.js";

/** @typedef {import("./edits.js").Operation} Operation */
/** @typedef {import("./queue.js").Entry} Entry */
/** @typedef {import("./collisions.js").Collided} Collided */
/** @typedef {import("../shared/http.js").HttpError} HttpError */

/**
 * A grid of the draft. `code` is null while the grid is new.
 * @typedef {{code: string | null, name: string, kind: string, police_grid: string | null, locked?: boolean, households?: number | null, population?: number | null, [more: string]: any}} Grid
 */

/** @typedef {{code: string | null, name: string, colour?: string | null, locked?: boolean, [more: string]: any}} PoliceGrid */

/** @typedef {{target: "line" | "grid" | "police_grid", id: string}} Lock */

/**
 * A step that the service has kept, and what it changed.
 * @typedef {{seq: number, id: string, kind?: string, by?: any, lines?: Record<string, any>, nodes?: Record<string, any>, grids?: Record<string, Grid | null>, police_grids?: Record<string, PoliceGrid | null>, locks?: Lock[]}} Applied
 */

/** @typedef {"drawn" | "figures" | "state" | "refused" | "collided" | "others" | "meta"} Told */

export const newId = () => crypto.randomUUID();

export class Draft extends EventTarget {
  /**
   * @param {string} id
   * @param {import("./queue.js").Storage} storage
   */
  constructor(id, storage) {
    super();
    this.id = id;
    this.address = `/api/v1/drafts/${id}`;
    /** @type {any} */
    this.meta = {};
    this.head = 0;
    /** What the service has. */
    this.base = Network.from({ nodes: {}, lines: {} });
    /** @type {Map<string, Grid>} */
    this.baseGrids = new Map();
    /** @type {Map<string, PoliceGrid>} */
    this.basePoliceGrids = new Map();
    /** @type {Lock[]} */
    this.locks = [];
    /** What the page shows. */
    this.network = this.base;
    this.grids = this.baseGrids;
    this.policeGrids = this.basePoliceGrids;
    /** @type {any} */
    this.figures = { grids: {}, police_grids: {}, changes: {} };
    /** @type {{theirs: Applied[], collided: Collided[]}} */
    this.clash = { theirs: [], collided: [] };
    this.queue = new Queue(id, storage, (entries) => this.#send(entries), {
      taken: (answer) => this.#take(answer),
      refused: (entry, error) => (this.#derive(), this.tell("refused", { entry, error })),
      collided: (error) => void this.#clashed(error),
      changed: () => this.tell("state"),
    });
  }

  /**
   * @param {Told} name
   * @param {any} [detail]
   */
  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** Load the draft and what an earlier visit could not send. */
  async open() {
    await this.reload();
    await this.queue.open();
    this.#derive();
    if (this.queue.entries.length) void this.queue.flush();
    void this.refreshFigures();
  }

  /** Load everything anew from the service. */
  async reload() {
    const told = await getJson(this.address);
    this.meta = told;
    this.head = told.head;
    this.base = Network.from(told.network);
    this.baseGrids = new Map(Object.entries(told.grids));
    this.basePoliceGrids = new Map(Object.entries(told.police_grids));
    this.locks = told.locks ?? [];
    this.#derive();
    this.tell("meta");
  }

  async refreshFigures() {
    try {
      this.figures = { ...this.figures, ...(await getJson(`${this.address}/figures`)) };
      this.tell("figures");
    } catch {
      // Without a network the last figures stay; the state line says so.
    }
  }

  /** Whether the reader may change this draft now. */
  get editable() {
    return this.meta.can?.edit !== false && (this.meta.state ?? "draft") === "draft";
  }

  /** Whether an edit waits whose outcome only the service can draw. */
  get waitsForService() {
    return this.queue.entries.some((entry) => !isNear(entry.operation));
  }

  /**
   * Do an edit: shown at once, kept on the disk, sent.
   * @param {Operation} operation
   */
  async edit(operation) {
    const id = newId();
    const whole = operation.kind === "split" || operation.kind === "transfer" ? { ...operation, ids: id } : operation;
    const was = drawnUpon(this.network, whole);
    const adding = this.queue.add(id, this.head, whole, was);
    this.#derive();
    await adding;
  }

  /** @param {Entry[]} entries */
  #send(entries) {
    const operations = entries.map(({ id, based_on, operation }) => ({ id, based_on, ...operation }));
    return send(`${this.address}/operations`, { operations });
  }

  /**
   * Take one step back or forward. What was not sent yet is taken back here.
   * @param {"undo" | "redo"} way
   */
  async step(way) {
    if (way === "undo" && (this.queue.state === "waiting" || this.queue.state === "collided")) {
      if (await this.queue.takeBack()) this.#derive();
      return;
    }
    await this.queue.flush();
    const answer = await send(`${this.address}/${way}`, { id: newId() });
    // What others did in between is not in the answer.
    const missed = answer.applied?.[0]?.seq > this.head + 1 ? await getJson(`${this.address}/operations?after=${this.head}`) : {};
    this.#take({ ...answer, ...missed, figures: answer.figures });
  }

  /** Hear what others did meanwhile. */
  async listen() {
    if (this.queue.running || this.queue.state === "collided") return;
    const head = this.head;
    const told = await getJson(`${this.address}/operations?after=${head}`);
    if (this.head !== head || !told.applied?.length) return;
    this.#take(told);
    this.tell("others", told.applied);
    void this.refreshFigures();
  }

  /** @param {any} answer */
  #take(answer) {
    for (const step of /** @type {Applied[]} */ (answer.applied ?? [])) this.#apply(step);
    if (answer.head !== undefined) this.head = answer.head;
    if (answer.state !== undefined) this.meta = { ...this.meta, state: answer.state };
    if (answer.figures) this.#figure(answer.figures);
    this.#derive();
  }

  /** @param {Applied} step */
  #apply(step) {
    this.base = this.base.with({ nodes: step.nodes ?? {}, lines: step.lines ?? {} });
    this.baseGrids = merged(this.baseGrids, step.grids);
    this.basePoliceGrids = merged(this.basePoliceGrids, step.police_grids);
    if (step.locks) this.locks = step.locks;
  }

  /** @param {any} told */
  #figure(told) {
    const next = { ...this.figures, ...told };
    for (const kind of ["grids", "police_grids"]) {
      next[kind] = { ...this.figures[kind] };
      for (const [id, figures] of Object.entries(told[kind] ?? {})) {
        if (figures === null) delete next[kind][id];
        else next[kind][id] = figures;
      }
    }
    this.figures = next;
    this.tell("figures");
  }

  /** Draw what waits upon what the service has. */
  #derive() {
    this.network = this.base;
    this.grids = this.baseGrids;
    this.policeGrids = this.basePoliceGrids;
    for (const { operation } of this.queue.entries) {
      try {
        this.network = this.network.with(changes(this.network, operation) ?? {});
        this.#membership(operation);
      } catch {
        // It was drawn upon something that is gone; the service will say so.
      }
    }
    this.tell("drawn");
  }

  /** @param {Operation} operation */
  #membership(operation) {
    if (operation.kind === "bind") {
      const bound = operation.grids.map((/** @type {string} */ id) => [id, { ...this.grids.get(id), police_grid: operation.police_grid }]);
      this.grids = merged(this.grids, Object.fromEntries(bound));
    }
    if (operation.kind === "rename" || operation.kind === "set_households") {
      const { kind: _kind, grid, ...given } = operation;
      const old = this.grids.get(grid);
      if (old) this.grids = merged(this.grids, { [grid]: { ...old, ...given } });
    }
    if (operation.kind === "new_police_grid")
      this.policeGrids = merged(this.policeGrids, { [operation.police_grid]: { code: null, name: operation.name } });
  }

  /** @param {HttpError} error */
  async #clashed(error) {
    const collided = /** @type {any} */ (error.problem).collided ?? [];
    this.clash = { theirs: [], collided };
    try {
      const told = await getJson(`${this.address}/operations?after=${this.head}`);
      this.clash = { theirs: told.applied ?? [], collided };
      this.theirs = told;
    } catch {
      this.theirs = null;
    }
    this.tell("collided", this.clash);
  }

  /**
   * Settle a collision: leave one's own edits out, or try them again upon what is there now.
   * @param {"theirs" | "mine"} choice
   * @returns {Promise<Entry[]>} edits that could not be repeated
   */
  async settle(choice) {
    if (!this.theirs) this.theirs = await getJson(`${this.address}/operations?after=${this.head}`);
    const waiting = this.queue.entries;
    this.queue.entries = [];
    this.#take(this.theirs);
    this.theirs = null;
    const { kept, lost } = rebased(choice, this.base, this.head, waiting, this.clash.collided, newId);
    const going = this.queue.resolve([...kept]);
    this.#derive();
    await going;
    void this.refreshFigures();
    return lost;
  }

  /**
   * Carry one's own edits over into a new draft that begins where they were drawn; this draft stays as the other left it.
   * @param {string} name
   * @returns {Promise<string>} the new draft's id
   */
  async copy(name) {
    const id = newId();
    await send("/api/v1/drafts", { id, name, from_draft: this.id, at: this.head });
    const operations = this.queue.entries.map(({ operation }) => ({ id: newId(), based_on: 0, ...operation }));
    const begun = await getJson(`/api/v1/drafts/${id}`);
    await send(`/api/v1/drafts/${id}/operations`, { operations: operations.map((one) => ({ ...one, based_on: begun.head })) });
    await this.queue.resolve([]);
    return id;
  }

  /**
   * Whether somebody has locked a line, a grid or a police grid.
   * @param {Lock["target"]} target
   * @param {string} id
   */
  isLocked(target, id) {
    return this.locks.some((lock) => lock.target === target && lock.id === id);
  }
}

/**
 * A map with some entries replaced; null takes one away. The old map stays as it is.
 * @template T
 * @param {Map<string, T>} old
 * @param {Record<string, T | null> | undefined} changed
 */
function merged(old, changed) {
  if (!changed) return old;
  const next = new Map(old);
  for (const [id, item] of Object.entries(changed)) {
    if (item === null) next.delete(id);
    else next.set(id, { ...next.get(id), ...item });
  }
  return next;
}
