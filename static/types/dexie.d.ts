// The part of Dexie that we use, for tsc; the library itself is in static/vendor.
export interface Table<T> {
  get(key: string): Promise<T | undefined>;
  put(item: T): Promise<unknown>;
  delete(key: string): Promise<void>;
  toArray(): Promise<T[]>;
  orderBy(index: string): { reverse(): { toArray(): Promise<T[]> } };
  where(index: string): {
    equals(value: string): { delete(): Promise<number>; toArray(): Promise<T[]>; count(): Promise<number> };
  };
}

declare class Dexie {
  constructor(name: string);
  version(number: number): { stores(schema: Record<string, string>): void };
  table<T>(name: string): Table<T>;
  transaction<R>(mode: "r" | "rw", tables: Table<any>[], work: () => Promise<R>): Promise<R>;
  close(): void;
}

export default Dexie;
