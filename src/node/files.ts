// Files in Node: read with clear errors, written so that a reader sees the old file or the new one, never a mix.
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { DataError, UsageError } from "../errors.js";

let written = 0;

/**
 * Writes to a temporary file in the same folder, flushes it to the disk and renames it over `path`: a crash at any
 * moment leaves the old file or the new one. Makes the folder when there is none. Removes what killed writers of the
 * same file left behind.
 *
 * Throws: UsageError with the system's reason (no space, no permission); `path` is then as it was.
 */
export function writeFileAtomic(path: string, bytes: Uint8Array | string): void {
  if (path === "") throw new UsageError("write: needs the name of a file, got an empty one");
  const folder = dirname(resolve(path));
  const temporary = join(folder, `${basename(path)}.${process.pid}-${written++}.tmp`);
  try {
    makeFolder(folder);
    removeStale(folder, basename(path));
    writeDurably(temporary, typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
    renameSync(temporary, path);
    syncFolder(folder);
  } catch (cause) {
    if (existsSync(temporary)) rmSync(temporary);
    throw new UsageError(`write: cannot write ${path}, got ${reason(cause)}; free the space or choose another folder`, { cause });
  }
}

/**
 * Makes a folder, and those above it that are missing. Node's own `recursive` tries for ever where the system answers that there is no
 * such entry although the folder above is there, as /proc does.
 */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(resolve(path)));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process was first.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

function writeDurably(path: string, bytes: Uint8Array): void {
  const file = openSync(path, "wx");
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The rename itself must reach the disk too. Windows cannot open folders, and needs no such thing. */
function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Temporary files of `name` whose process is gone. */
function removeStale(folder: string, name: string): void {
  for (const entry of readdirSync(folder)) {
    const match = entry.startsWith(`${name}.`) ? /^\.(\d+)-\d+\.tmp$/.exec(entry.slice(name.length)) : null;
    if (match && !isRunning(Number(match[1]))) rmSync(join(folder, entry), { force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * The bytes of a file that `flag` names.
 *
 * Throws: DataError that names the flag, for a missing file, a folder, or one that cannot be read.
 */
export function readFileBytes(path: string, flag: string): Uint8Array {
  try {
    if (statSync(path).isDirectory()) throw new DataError(`${flag}: needs a file, got the folder ${path}; name a file in it`);
    return readFileSync(path);
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw new DataError(missing ? `${flag}: no such file, got ${path}; check the path` : `${flag}: cannot read ${path}, got ${reason(cause)}; check the file's permissions`, { cause });
  }
}

export function reason(error: unknown): string {
  return error instanceof Error ? error.message.split("\n")[0]! : String(error);
}
