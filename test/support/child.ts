// Runs a script that imports Kiln's source in a process of its own: for what a process can do only once.
import { build } from "esbuild";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
// @ts-expect-error plain JavaScript, shared with the build
import { esbuildWgsl } from "../../scripts/wgsl_plugin.mjs";

const root = resolve(import.meta.dirname, "../..");

export interface Outcome {
  /** Exit code, or null when the time limit ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/** `source` is TypeScript; it imports from "kiln" for src/node.ts's surface, or from paths under src. */
export async function runScript(source: string, env: Record<string, string> = {}, limit_ms = 60_000): Promise<Outcome> {
  mkdirSync(join(root, "out"), { recursive: true });
  const folder = mkdtempSync(join(root, "out/script-"));
  try {
    const outfile = join(folder, "script.mjs");
    await build({
      stdin: { contents: source, resolveDir: root, loader: "ts" },
      bundle: true,
      format: "esm",
      platform: "node",
      packages: "external",
      outfile,
      plugins: [esbuildWgsl()],
    });
    return await runNode([outfile], env, limit_ms);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs node with arguments from the repository's root. */
export function runNode(args: readonly string[], env: Record<string, string> = {}, limit_ms = 60_000): Promise<Outcome> {
  return new Promise((resolvePromise) => {
    const { VITEST: _, NODE_OPTIONS: __, ...inherited } = process.env;
    const child = spawn(process.execPath, args, { cwd: root, env: { ...inherited, ...env } });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => (stdout += chunk));
    child.stderr.on("data", (chunk) => (stderr += chunk));
    const timer = setTimeout(() => child.kill("SIGKILL"), limit_ms);
    child.on("close", (code) => {
      clearTimeout(timer);
      resolvePromise({ code, stdout, stderr });
    });
  });
}
