// Where results of cells wait for the rest of their sweep.
import type { Cell, CellResult } from "./experiment.js";

export interface StoredCell {
  result: CellResult;
  /** That it took. */
  seconds: number;
}

export interface CellStore {
  /** What earlier runs kept, by key. */
  read(): Promise<ReadonlyMap<string, StoredCell>>;
  /** Kept once the promise resolves: a sweep that is interrupted after it does not measure the cell again. */
  add(key: string, cell: StoredCell): Promise<void>;
}

/** The same for settings in any order. */
export function keyOf(cell: Cell): string {
  return JSON.stringify(Object.fromEntries(Object.entries(cell).sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** For a sweep that nobody goes on with. */
export class MemoryStore implements CellStore {
  private readonly results = new Map<string, StoredCell>();

  async read(): Promise<ReadonlyMap<string, StoredCell>> {
    return this.results;
  }

  async add(key: string, cell: StoredCell): Promise<void> {
    this.results.set(key, cell);
  }
}
