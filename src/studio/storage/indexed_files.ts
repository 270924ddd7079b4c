// Files in IndexedDB, for browsers whose private file system cannot be written to: one row a file, its key the path.
import { openDB, type DBSchema, type IDBPDatabase } from "idb";
import { attempting, type Files } from "./files.js";

export const databaseName = "kiln-studio";

interface Schema extends DBSchema {
  files: { key: string; value: Uint8Array<ArrayBuffer> };
}

/** Written to the disk before a write resolves; "relaxed", the default, only asks the system to. */
const durability = { durability: "strict" } as const;

export class IndexedFiles implements Files {
  readonly kind = "indexeddb";

  private constructor(private readonly database: IDBPDatabase<Schema>) {}

  /** Throws what the browser throws where it has no IndexedDB, or keeps none in a private window. */
  static async open(): Promise<IndexedFiles> {
    const database = await openDB<Schema>(databaseName, 1, {
      upgrade: (created) => void created.createObjectStore("files"),
      // Another tab with a later version of the studio must not wait for this one.
      blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
    });
    return new IndexedFiles(database);
  }

  list(folder: string): Promise<string[]> {
    return attempting(`list ${folder}`, () => this.database.getAllKeys("files", below(folder)));
  }

  read(path: string): Promise<Uint8Array<ArrayBuffer> | null> {
    return attempting(`read ${path}`, async () => (await this.database.get("files", path)) ?? null);
  }

  write(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    return this.change(`write ${path}`, (files) => files.put(bytes, path), bytes.length);
  }

  remove(path: string): Promise<void> {
    return this.change(`remove ${path}`, (files) => files.delete(path));
  }

  removeFolder(folder: string): Promise<void> {
    return this.change(`remove ${folder}`, (files) => files.delete(below(folder)));
  }

  private change(doing: string, request: (files: ReturnType<typeof this.files>["store"]) => Promise<unknown>, size = 0): Promise<void> {
    const work = async () => {
      const transaction = this.files();
      // A full disk fails the transaction, not always the request.
      await Promise.all([request(transaction.store), transaction.done]);
    };
    return attempting(doing, work, size);
  }

  private files() {
    return this.database.transaction("files", "readwrite", durability);
  }
}

/** Paths in a folder: "0" comes right after "/". */
function below(folder: string): IDBKeyRange {
  return IDBKeyRange.bound(`${folder}/`, `${folder}0`, false, true);
}
