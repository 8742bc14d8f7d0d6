// The part of Dexie that we use, for tsc; the library itself is in static/vendor.
interface Table {
  get(key: string): Promise<any>;
  put(item: any): Promise<unknown>;
  delete(key: string): Promise<void>;
  toArray(): Promise<any[]>;
}

export default class Dexie {
  constructor(name: string);
  version(number: number): { stores(schema: Record<string, string>): void };
  table(name: string): Table;
}
