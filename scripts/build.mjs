// Builds dist: index.js for pages and bundlers, node.js, and the command line cli.js, with what they share in chunks,
// so that a program that imports two of them has one Tensor class. Packages stay imports.
// And two pages, static files: dist/bench, the benchmarks, not published; dist/studio, Kiln Studio.
// --quiet says nothing and builds only what runs; --no-types leaves out the .d.ts files, which take longer than all the rest.
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join } from "node:path";
import { buildBenchPage } from "./build_page.mjs";
import { buildStudio } from "./build_studio.mjs";
import { esbuildWgsl } from "./wgsl_plugin.mjs";

process.chdir(new URL("..", import.meta.url).pathname);
const known = ["--quiet", "--no-types"];
const flags = process.argv.slice(2);
const unknown = flags.find((flag) => !known.includes(flag));
if (unknown) fail(`unknown flag, got ${unknown}; use ${known.join(", ")}`);
const quiet = flags.includes("--quiet");
const types = !quiet && !flags.includes("--no-types");

const started = performance.now();
const { metafile, outputFiles } = await build({
  entryPoints: { index: "src/index.ts", node: "src/node.ts", cli: "src/cli/main.ts", bench_child: "src/cli/bench/child.ts" },
  outdir: "dist",
  chunkNames: "chunks/[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  // Built-in modules stay imports; checkBrowserSafe then asserts that index.js reaches none.
  platform: "node",
  target: "es2022",
  packages: "external",
  sourcemap: true,
  metafile: true,
  write: false,
  plugins: [esbuildWgsl({ minify: true })],
  logLevel: "warning",
}).catch(() => process.exit(1));

checkBrowserSafe("dist/index.js");
for (const { path, contents } of outputFiles) replaceFile(path, contents);
removeStale();
chmodSync("dist/cli.js", 0o755);
const pages = quiet ? [] : [await buildPage("bench", buildBenchPage), await buildPage("studio", buildStudio)];
if (types) emitTypes();
if (!quiet) report();

async function buildPage(name, buildInto) {
  const path = `dist/${name}`;
  const { outputs } = await buildInto(path);
  return { path, bytes: Object.values(outputs).reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Fails when `entry` imports a built-in module of Node, itself or through a chunk. */
function checkBrowserSafe(entry) {
  const seen = new Set();
  const visit = (path, trail) => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const { path: target, external } of metafile.outputs[path].imports) {
      if (!external) visit(target, [...trail, target]);
      else if (target.startsWith("node:") || builtinModules.includes(target) || target === "webgpu") fail(`${trail.join(" -> ")} imports ${target}, which no browser has`);
    }
  };
  visit(entry, [entry]);
}

/** By rename, and only when it changed: another process may be starting from these files. */
function replaceFile(path, contents) {
  if (existsSync(path) && readFileSync(path).equals(contents)) return;
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, contents);
  renameSync(temporary, path);
}

/** Chunk names hold a hash: those of earlier builds would pile up, and be published. */
function removeStale() {
  const current = new Set(Object.keys(metafile.outputs));
  for (const folder of ["dist", "dist/chunks"]) {
    for (const name of list(folder)) {
      const path = join(folder, name);
      if (/\.js(\.map)?$/.test(name) && !current.has(path)) rmSync(path, { force: true });
    }
  }
}

function list(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function emitTypes() {
  rmSync("dist/types", { recursive: true, force: true });
  const { status } = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], { stdio: "inherit" });
  if (status !== 0) fail("the type declarations do not compile");
}

function report() {
  for (const entry of ["index", "node", "cli"]) {
    const path = `dist/${entry}.js`;
    console.log(`${path.padEnd(14)} ${(closureBytes(path) / 1024).toFixed(0).padStart(5)} KiB with its chunks`);
  }
  for (const { path, bytes } of pages) console.log(`${path.padEnd(14)} ${(bytes / 1024).toFixed(0).padStart(5)} KiB, a static page`);
  console.log(`built in ${((performance.now() - started) / 1000).toFixed(2)} s${types ? ", type declarations in dist/types" : ""}`);
}

function closureBytes(entry, seen = new Set()) {
  if (seen.has(entry)) return 0;
  seen.add(entry);
  const { bytes, imports } = metafile.outputs[entry];
  return imports.filter(({ external }) => !external).reduce((sum, { path }) => sum + closureBytes(path, seen), bytes);
}

function fail(message) {
  console.error(`build: ${message}`);
  process.exit(1);
}
