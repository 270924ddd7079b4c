import { spawnSync } from "node:child_process";
import { resolve } from "node:path";

/** What the working tree is at, for programs that report it. */
export function commit() {
  const { stdout, status } = spawnSync("git", ["describe", "--always", "--dirty", "--exclude=*"], { cwd: resolve(import.meta.dirname, ".."), encoding: "utf8" });
  return status === 0 ? stdout.trim() : "unknown";
}
