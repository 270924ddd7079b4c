// Where runs are kept: the private file system, else IndexedDB, else nowhere but in memory.
import { MemoryFiles, type Files } from "./files.js";
import { databaseName, IndexedFiles } from "./indexed_files.js";
import { OpfsFiles } from "./opfs_files.js";
import { RunStore } from "./run_store.js";
import type { Store } from "./store.js";

export interface OpenedStore {
  store: Store;
  /** What the user should know of it; null where all is well. */
  notice: string | null;
}

/** Never rejects: a page that cannot store still trains. */
export async function openStore(): Promise<OpenedStore> {
  const reasons: string[] = [];
  const attempt = async (name: string, open: () => Promise<Files>): Promise<Files | null> => {
    try {
      return await open();
    } catch (error) {
      reasons.push(`${name}: ${(error as Error).message}`);
      return null;
    }
  };
  const opfs = await attempt("file system", () => OpfsFiles.open());
  // Runs stay where they are: a browser may have learnt to write files since they were made.
  const indexed = opfs === null || (await holdsDatabase()) ? await attempt("IndexedDB", () => IndexedFiles.open()) : null;
  const files = opfs && indexed ? ((await indexed.list("runs")).length > 0 ? indexed : opfs) : (opfs ?? indexed);
  if (files) return { store: new RunStore(files), notice: null };
  return {
    store: new RunStore(new MemoryFiles()),
    notice: `This browser stores nothing for this page (${reasons.join("; ")}). Runs are gone when the page is closed: download checkpoints you want to keep, or leave the private window.`,
  };
}

async function holdsDatabase(): Promise<boolean> {
  try {
    return (await indexedDB.databases()).some(({ name }) => name === databaseName);
  } catch {
    return false;
  }
}
