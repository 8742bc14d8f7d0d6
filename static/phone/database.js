// The phone's own store (IndexedDB): plain, so that page and service worker use the same few functions.

const DATABASE = "shuangge-phone";
const SCHEMA = 21;
/** Store names with the member that is their key. */
const STORES = { reports: "id", photos: "id", additions: "id", copies: "address", facts: "key" };

/** @typedef {"reports" | "photos" | "additions" | "copies" | "facts"} StoreName */

/**
 * What found no room on the disk, or has none at all (private windows): it lasts as long as the page.
 * @type {Record<StoreName, Map<string, any>>}
 */
const inMemory = { reports: new Map(), photos: new Map(), additions: new Map(), copies: new Map(), facts: new Map() };

/** @type {Promise<IDBDatabase | null> | null} */
let opening = null;

/**
 * The database, or null when the browser keeps nothing.
 * @returns {Promise<IDBDatabase | null>}
 */
export function openedDatabase() {
  opening ??= new Promise((done) => {
    if (!globalThis.indexedDB) return done(null);
    try {
      const asked = indexedDB.open(DATABASE, SCHEMA);
      asked.onupgradeneeded = () => {
        for (const [name, keyPath] of Object.entries(STORES)) {
          if (!asked.result.objectStoreNames.contains(name)) asked.result.createObjectStore(name, { keyPath });
        }
      };
      asked.onsuccess = () => {
        asked.result.onversionchange = () => asked.result.close();
        // Phones close databases under memory pressure: the next use opens it again.
        asked.result.onclose = () => (opening = null);
        done(asked.result);
      };
      asked.onerror = () => done(null);
    } catch {
      done(null);
    }
  });
  return opening;
}

/**
 * Do some work in one transaction; resolves when it is on the disk. Raises what the browser says.
 * @template T
 * @param {StoreName} name
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore, give: (value: T) => void) => void} work
 * @returns {Promise<T | undefined>}
 */
async function inTransaction(name, mode, work) {
  const database = await openedDatabase();
  if (!database) return undefined;
  return new Promise((done, fail) => {
    /** @type {T | undefined} */
    let result;
    const transaction = database.transaction(name, mode);
    transaction.oncomplete = () => done(result);
    transaction.onabort = () => fail(transaction.error ?? new Error("aborted"));
    transaction.onerror = () => fail(transaction.error ?? new Error("failed"));
    work(transaction.objectStore(name), (value) => (result = value));
  });
}

/**
 * @param {StoreName} name
 * @param {string} key
 * @returns {Promise<any>}
 */
export async function readOne(name, key) {
  if (inMemory[name].has(key)) return structuredClone(inMemory[name].get(key));
  return inTransaction(name, "readonly", (store, give) => {
    const asked = store.get(key);
    asked.onsuccess = () => give(asked.result);
  });
}

/**
 * @param {StoreName} name
 * @returns {Promise<any[]>}
 */
export async function readAll(name) {
  const onDisk = /** @type {any[]} */ (
    (await inTransaction(name, "readonly", (store, give) => {
      const asked = store.getAll();
      asked.onsuccess = () => give(asked.result);
    })) ?? []
  );
  const kept = new Map(onDisk.map((item) => [item[STORES[name]], item]));
  for (const [key, item] of inMemory[name]) kept.set(key, structuredClone(item));
  return [...kept.values()];
}

/**
 * Write an item. Raises (QuotaExceededError and others) when the disk takes no more; what was there stays.
 * @param {StoreName} name
 * @param {any} item
 */
export async function write(name, item) {
  if (!(await openedDatabase())) return void inMemory[name].set(item[STORES[name]], structuredClone(item));
  await inTransaction(name, "readwrite", (store) => void store.put(item));
  inMemory[name].delete(item[STORES[name]]);
}

/**
 * Hold an item in memory because the disk took it not.
 * @param {StoreName} name
 * @param {any} item
 */
export function holdInMemory(name, item) {
  inMemory[name].set(item[STORES[name]], structuredClone(item));
}

/** How many items would be gone when the page is closed. */
export function heldInMemory() {
  return inMemory.reports.size + inMemory.photos.size + inMemory.additions.size;
}

/**
 * @param {StoreName} name
 * @param {string} key
 */
export async function remove(name, key) {
  inMemory[name].delete(key);
  await inTransaction(name, "readwrite", (store) => void store.delete(key));
}

/**
 * Change an item in one step, so that two tabs never overwrite each other. `alter` gets the present item
 * (or undefined) and returns the new one; undefined leaves it. Returns what is there afterwards.
 * @param {StoreName} name
 * @param {string} key
 * @param {(item: any) => any} alter
 * @returns {Promise<any>}
 */
export async function update(name, key, alter) {
  if (inMemory[name].has(key) || !(await openedDatabase())) {
    const held = inMemory[name].get(key);
    const altered = alter(held && structuredClone(held));
    if (altered === undefined) return held;
    inMemory[name].set(key, structuredClone(altered));
    return altered;
  }
  return inTransaction(name, "readwrite", (store, give) => {
    const asked = store.get(key);
    asked.onsuccess = () => {
      const altered = alter(asked.result);
      if (altered !== undefined) store.put(altered);
      give(altered === undefined ? asked.result : altered);
    };
  });
}
