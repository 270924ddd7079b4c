// Builds dist: the library as modules, with index.js for pages and bundlers, node.js and schedule/index.js as its doors, so
// that a program that opens two of them has one Tensor class; the library in one file for pages without a bundler,
// kiln.min.js; and the command line cli.js, bundled. Packages stay imports.
// And two pages, static files: dist/bench, the benchmarks; dist/studio, Kiln Studio. Not published: they are sites, and weigh more than the library.
// --quiet says nothing and builds only what runs; --no-types leaves out the .d.ts files, which take longer than all the rest;
// --no-pages what is not published.
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { buildBenchPage } from "./build_page.mjs";
import { buildStudio } from "./build_studio.mjs";
import { libraryModules } from "./emit_modules.mjs";
import { esbuildWgsl } from "./wgsl_plugin.mjs";

process.chdir(new URL("..", import.meta.url).pathname);
const known = ["--quiet", "--no-types", "--no-pages"];
const flags = process.argv.slice(2);
const unknown = flags.find((flag) => !known.includes(flag));
if (unknown) fail(`unknown flag, got ${unknown}; use ${known.join(", ")}`);
const quiet = flags.includes("--quiet");
const types = !quiet && !flags.includes("--no-types");

const started = performance.now();
const common = { bundle: true, format: "esm", target: "es2022", metafile: true, write: false, plugins: [esbuildWgsl({ minify: true })], logLevel: "warning" };
// Built-in modules stay imports; checkBrowserSafe then asserts that index.js reaches none.
const inNode = { ...common, splitting: true, platform: "node", packages: "external", outdir: "dist", chunkNames: "chunks/[name]-[hash]" };
/** The experiments of examples/lab import the library by its name: there must be one Tensor class. */
const ownName = { "kiln-gpu": "./src/index.ts" };
const [library, program, page] = await Promise.all([
  build({ ...inNode, entryPoints: { index: "src/index.ts", node: "src/node.ts" } }),
  build({ ...inNode, alias: ownName, entryPoints: { cli: "src/cli/main.ts", bench_child: "src/cli/bench/child.ts" }, sourcemap: true }),
  build({ ...common, entryPoints: { "kiln.min": "src/index.ts" }, outdir: "dist", platform: "browser", minify: true, external: ["gpt-tokenizer/*"] }),
]).catch(() => process.exit(1));

checkBrowserSafe("dist/index.js");
const modules = libraryModules(Object.keys(library.metafile.inputs));
for (const [path, code] of modules) replaceFile(join("dist", path), Buffer.from(code));
for (const { path, contents } of [...program.outputFiles, ...page.outputFiles]) replaceFile(path, contents);
removeStale();
chmodSync("dist/cli.js", 0o755);
const pages = quiet || flags.includes("--no-pages") ? [] : [await buildPage("bench", buildBenchPage), await buildPage("studio", buildStudio)];
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
    for (const { path: target, external } of library.metafile.outputs[path].imports) {
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

/** Chunk names hold a hash, and sources come and go: what earlier builds left would pile up, and be published. */
function removeStale() {
  const current = new Set([...Object.keys(program.metafile.outputs), ...Object.keys(page.metafile.outputs), ...[...modules.keys()].map((path) => join("dist", path))]);
  const elsewhere = /^(bench|studio|api|types[^/]*)\//;
  for (const name of readdirSync("dist", { recursive: true })) {
    const path = join("dist", name);
    if (/\.js(\.map)?$/.test(name) && !elsewhere.test(name) && !current.has(path)) rmSync(path, { force: true });
  }
}

/** Through a folder beside it: another process may be reading these files. */
function emitTypes() {
  const [fresh, current] = [`dist/types.${process.pid}.tmp`, "dist/types"];
  const { status } = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json", "--outDir", fresh], { stdio: "inherit" });
  if (status !== 0) rmSync(fresh, { recursive: true, force: true });
  if (status !== 0) fail("the type declarations do not compile");
  const names = readdirSync(fresh, { recursive: true }).filter((name) => name.endsWith(".d.ts"));
  for (const name of names) replaceFile(join(current, name), readFileSync(join(fresh, name)));
  for (const name of readdirSync(current, { recursive: true })) if (name.endsWith(".d.ts") && !names.includes(name)) rmSync(join(current, name));
  rmSync(fresh, { recursive: true });
}

function report() {
  const size = (path, bytes, what) => console.log(`${path.padEnd(16)} ${(bytes / 1024).toFixed(0).padStart(5)} KiB ${what}`);
  size("dist/index.js", closureBytes(library.metafile, "dist/index.js"), "with the modules that it imports");
  size("dist/node.js", closureBytes(library.metafile, "dist/node.js"), "with the modules that it imports");
  size("dist/kiln.min.js", page.outputFiles[0].contents.length, `alone, ${(gzipSync(page.outputFiles[0].contents).length / 1024).toFixed(0)} KiB gzip`);
  size("dist/cli.js", closureBytes(program.metafile, "dist/cli.js"), "with its chunks");
  for (const { path, bytes } of pages) size(path, bytes, "a static page");
  console.log(`built in ${((performance.now() - started) / 1000).toFixed(2)} s${types ? ", type declarations in dist/types" : ""}`);
}

function closureBytes(metafile, entry, seen = new Set()) {
  if (seen.has(entry)) return 0;
  seen.add(entry);
  const { bytes, imports } = metafile.outputs[entry];
  return imports.filter(({ external }) => !external).reduce((sum, { path }) => sum + closureBytes(metafile, path, seen), bytes);
}

function fail(message) {
  console.error(`build: ${message}`);
  process.exit(1);
}
