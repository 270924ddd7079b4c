// Builds the benchmarks' page: a static folder with everything in it. Peers are chunks that load on demand.
import { build } from "esbuild";
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { commit } from "./commit.mjs";
import { esbuildWgsl } from "./wgsl_plugin.mjs";

const root = resolve(import.meta.dirname, "..");

export async function buildBenchPage(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { main: "src/bench/page/main.ts", worker: "src/bench/page/worker.ts" },
    outdir: folder,
    chunkNames: "chunks/[name]-[hash]",
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    define: { KILN_COMMIT: JSON.stringify(commit()) },
    metafile: true,
    plugins: [esbuildWgsl({ minify: true })],
    logLevel: "warning",
  });
  copyFileSync(join(root, "src/bench/page/index.html"), join(folder, "index.html"));
  return metafile;
}
