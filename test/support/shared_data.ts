// The shared data folder lies beside the repository where Kiln is developed; a user's clone has none.
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

const folder = resolve(import.meta.dirname, "../../../shared/data");

/** Path of a shared file, or null with a printed reason. */
export function sharedFile(name: string): string | null {
  const path = resolve(folder, name);
  if (existsSync(path)) return path;
  console.log(`skipped: ${name} is not here (looked for ../shared/data beside the repository)`);
  return null;
}

export function readSharedText(name: string): string | null {
  const path = sharedFile(name);
  return path === null ? null : readFileSync(path, "utf8");
}
