import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** The version of an installed package; null where there is none. */
export function packageVersion(name: string): string | null {
  try {
    // From its entry up: a package need not export its package.json.
    let folder = dirname(createRequire(import.meta.url).resolve(name));
    while (!existsSync(join(folder, "package.json")) && folder !== dirname(folder)) folder = dirname(folder);
    return (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string }).version;
  } catch {
    return null;
  }
}
