// Builds Kiln Studio: a static folder with everything in it, for any web server and any sub-folder of it. What is not
// needed to start (tools, byte pairs, benchmarks and their peers, the built-in text) loads on demand, from the same folder.
import { build, context } from "esbuild";
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pageOptions } from "./page_options.mjs";

const root = resolve(import.meta.dirname, "..");

/** main.js is the page, worker.js trains, bench_worker.js measures, lab_worker.js experiments; all in one folder, so that main.js finds them by name. */
const entryPoints = {
  main: "src/studio/main.tsx",
  worker: "src/studio/worker/main.ts",
  bench_worker: "src/bench/page/studio_worker.ts",
  lab_worker: "src/studio/lab/worker.ts",
};

const options = (folder) => ({ ...pageOptions(folder, entryPoints), jsx: "automatic", jsxImportSource: "preact" });

/** Returns esbuild's metafile. */
export async function buildStudio(folder) {
  rmSync(folder, { recursive: true, force: true });
  await copyStatic(folder);
  const { metafile } = await build(options(folder));
  return metafile;
}

/** Builds again whenever a source file changes, until the process ends. */
export async function watchStudio(folder) {
  rmSync(folder, { recursive: true, force: true });
  await copyStatic(folder);
  const watcher = await context({ ...options(folder), logLevel: "info" });
  await watcher.watch();
}

async function copyStatic(folder) {
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(root, "src/studio/index.html"), join(folder, "index.html"));
  writeFileSync(join(folder, "moby-dick.txt"), await mobyDick());
}

/** The default text, as `kiln train` reads it. */
async function mobyDick() {
  const { outputFiles } = await build({ absWorkingDir: root, entryPoints: ["src/node/moby_dick.ts"], bundle: true, format: "cjs", platform: "node", packages: "external", write: false, define: { "import.meta.url": "here" } });
  const module = { exports: {} };
  new Function("module", "exports", "require", "here", outputFiles[0].text)(module, module.exports, createRequire(import.meta.url), import.meta.url);
  return module.exports.mobyDick();
}
