// Where runs live: <folder>/checkpoint.safetensors and <folder>/metrics.jsonl.
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { DataError, UsageError } from "../errors.js";

export const checkpointName = "checkpoint.safetensors";
export const metricsName = "metrics.jsonl";
const defaultFolder = "out";

/**
 * A folder for a new run. `out` unless it holds a run already, then `out/run-2`, `out/run-3`, ...; a folder that the
 * user named is taken or refused.
 *
 * Throws: UsageError if the named folder holds a checkpoint: nothing is overwritten.
 */
export function newRunFolder(named: string | undefined): string {
  if (named !== undefined) {
    if (existsSync(named) && !statSync(named).isDirectory()) throw new UsageError(`--out: needs a folder, got the file ${named}; name another folder`);
    if (!holdsRun(named)) return named;
    throw new UsageError(`--out: ${named} already holds a run, got no --resume; go on with --resume ${join(named, checkpointName)}, or name another folder`);
  }
  if (!holdsRun(defaultFolder)) return defaultFolder;
  for (let number = 2; ; number++) {
    const folder = join(defaultFolder, `run-${number}`);
    if (!holdsRun(folder)) return folder;
  }
}

function holdsRun(folder: string): boolean {
  return existsSync(join(folder, checkpointName)) || existsSync(join(folder, metricsName));
}

/**
 * The newest checkpoint in `folder` and its run folders.
 *
 * Throws: DataError if there is none.
 */
export function newestCheckpoint(folder = defaultFolder, flag = "--checkpoint"): string {
  const folders = [folder, ...runFolders(folder)];
  const found = folders.map((one) => join(one, checkpointName)).filter((path) => existsSync(path));
  found.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  if (found.length === 0) throw new DataError(`${flag}: no ${checkpointName} in ${folder} or its run folders; train first, or name the file`);
  return found[0]!;
}

function runFolders(folder: string): string[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return [];
  return readdirSync(folder).filter((name) => /^run-\d+$/.test(name)).map((name) => join(folder, name));
}
