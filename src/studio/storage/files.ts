// Named files that are written whole: what the store needs of a browser, and nothing more.
import { StorageError } from "../../errors.js";
import type { StorageKind } from "./store.js";

export interface Files {
  readonly kind: StorageKind;
  /** Paths that begin with `folder` and a slash, in no order. */
  list(folder: string): Promise<string[]>;
  /** Null where there is none. A file is never empty: an empty one is a first write that a crash cut off. */
  read(path: string): Promise<Uint8Array<ArrayBuffer> | null>;
  /** All or nothing: after a crash at any moment, the old bytes or the new ones. */
  write(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Harmless where there is none. */
  remove(path: string): Promise<void>;
  /** With all below it. */
  removeFolder(folder: string): Promise<void>;
}

/** For a browser that keeps nothing. */
export class MemoryFiles implements Files {
  readonly kind = "memory";
  private readonly files = new Map<string, Uint8Array<ArrayBuffer>>();

  async list(folder: string): Promise<string[]> {
    return [...this.files.keys()].filter((path) => path.startsWith(`${folder}/`));
  }

  async read(path: string): Promise<Uint8Array<ArrayBuffer> | null> {
    return this.files.get(path)?.slice() ?? null;
  }

  async write(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    this.files.set(path, bytes.slice());
  }

  async remove(path: string): Promise<void> {
    this.files.delete(path);
  }

  async removeFolder(folder: string): Promise<void> {
    for (const path of await this.list(folder)) this.files.delete(path);
  }
}

/** Carries out what a browser may refuse. `doing` is for the message, as in "write runs/ab12/record.json"; `size` is how much is written, in bytes. */
export async function attempting<T>(doing: string, work: () => Promise<T>, size = 0): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw await storageError(doing, cause, size);
  }
}

async function storageError(doing: string, cause: unknown, size: number): Promise<StorageError> {
  const { name, message } = cause instanceof Error ? cause : { name: "Error", message: String(cause) };
  const said = message === "" ? name : `${name}: ${message.replace(/\.$/, "")}`;
  // Chromium also says AbortError, "Failed to write data to data pipe", of a file that is over the quota.
  if (name === "QuotaExceededError" || (size > 0 && (await hasNoRoomFor(size)))) {
    return new StorageError(`storage: the browser has no room left to ${doing}, got ${said}; remove runs or free disk space, and download the checkpoint meanwhile`, { cause });
  }
  return new StorageError(`storage: the browser refuses to ${doing}, got ${said}; allow this site to store data, see that the disk has room, and download the checkpoint meanwhile`, { cause });
}

/** What stands in a file's place stays until the new bytes are whole, so that it makes no room for them. */
async function hasNoRoomFor(size: number): Promise<boolean> {
  try {
    const { usage = 0, quota = Infinity } = await navigator.storage.estimate();
    return usage + size > quota;
  } catch {
    // A browser that does not say.
    return false;
  }
}
