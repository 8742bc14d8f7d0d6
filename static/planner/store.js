// Where edits that wait are kept: the browser's database, or memory where it keeps nothing.

/** @typedef {import("./queue.js").Entry} Entry */

const DATABASE = "shuangge-planner";
const STORE = "edits";

/** @type {Map<string, Entry>} */
const inMemory = new Map();

/** @type {Promise<IDBDatabase | null> | null} */
let opening = null;

/** @returns {Promise<IDBDatabase | null>} */
function opened() {
  opening ??= new Promise((done) => {
    if (!globalThis.indexedDB) return done(null);
    const asked = indexedDB.open(DATABASE, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "id" }).createIndex("draft", "draft");
    asked.onsuccess = () => {
      asked.result.onversionchange = () => asked.result.close();
      asked.result.onclose = () => (opening = null);
      done(asked.result);
    };
    asked.onerror = () => done(null);
  });
  return opening;
}

/**
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} work
 * @returns {Promise<T | undefined>}
 */
async function inTransaction(mode, work) {
  const database = await opened();
  if (!database) return undefined;
  return new Promise((done, fail) => {
    const transaction = database.transaction(STORE, mode);
    const asked = work(transaction.objectStore(STORE));
    transaction.oncomplete = () => done(asked.result);
    transaction.onabort = () => fail(transaction.error ?? new Error("aborted"));
  });
}

/** @type {import("./queue.js").Storage} */
export const disk = {
  async all(draft) {
    const kept = (await inTransaction("readonly", (store) => store.index("draft").getAll(draft))) ?? [];
    return [...kept, ...[...inMemory.values()].filter((entry) => entry.draft === draft)];
  },

  async put(entry) {
    try {
      if ((await inTransaction("readwrite", (store) => store.put(entry))) === undefined) inMemory.set(entry.id, entry);
    } catch {
      // A full disk: the edit lasts as long as the page, and is sent from there.
      inMemory.set(entry.id, entry);
    }
  },

  async remove(id) {
    inMemory.delete(id);
    await inTransaction("readwrite", (store) => store.delete(id));
  },
};
