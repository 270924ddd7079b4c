// Builds the benchmarks' page: a static folder with everything in it. Peers are chunks that load on demand.
import { build } from "esbuild";
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { pageOptions } from "./page_options.mjs";

const root = resolve(import.meta.dirname, "..");

export async function buildBenchPage(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { metafile } = await build(pageOptions(folder, { main: "src/bench/page/main.ts", worker: "src/bench/page/worker.ts" }));
  copyFileSync(join(root, "src/bench/page/index.html"), join(folder, "index.html"));
  return metafile;
}
