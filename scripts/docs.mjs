// Writes what documents repeat of the code: tables from docstrings, and plots from the commands above them.
// With --check it writes nothing and fails when something is out of date.
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readResults, tableFile, withResults } from "./fault_table.mjs";

process.chdir(new URL("..", import.meta.url).pathname);
const check = process.argv.includes("--check");
let outdated = 0;

const ops = entriesOf("src/ops");
writeTable("README.md", "ops", [
  `${ops.length} functions, each with its gradient where it has one.`,
  "",
  "| op | what it computes | shapes |",
  "| --- | --- | --- |",
  ...ops.map((op) => `| [\`${op.name}\`](${op.file}) | ${cell(op.summary)} | ${cell(op.field("Shapes:"))} |`),
]);
const schedules = entriesOf("src/schedule", (entry) => /: Schedule \{|: RateAndMomentum \{/.test(entry.line) && entry.name !== "fromJSON" && entry.name !== "asSchedule");
writeTable("docs/reference.md", "schedules", [
  "| schedule | its value at step t | options | source |",
  "| --- | --- | --- | --- |",
  ...schedules.map((entry) => `| [\`${entry.name}\`](../${entry.file}) | ${cell(entry.summary)} | ${cell(entry.field("Range:"))} | ${cell(entry.field("Source:"))} |`),
]);
const optimizers = entriesOf("src/optim", (entry) => /^export class \w+ extends Optimizer</.test(entry.line));
writeTable("docs/reference.md", "optimizers", [
  "| optimizer | its step | options | source |",
  "| --- | --- | --- | --- |",
  ...optimizers.map((entry) => `| [\`${entry.name}\`](../${entry.file}) | ${cell(entry.summary)} | ${cell(entry.field("Range:"))} | ${cell(entry.field("Source:"))} |`),
]);
const tools = entriesOf("src/tune");
writeTable("docs/reference.md", "tools", [
  "| tool | what it does | source |",
  "| --- | --- | --- |",
  ...tools.map((entry) => `| [\`${entry.name}\`](../${entry.file}) | ${cell(entry.summary)} | ${cell(entry.field("Source:"))} |`),
]);
writeTable("docs/performance.md", "measured", await measuredTables());
settle(tableFile, withResults(readFileSync(tableFile, "utf8"), readResults()), `the results in ${tableFile}`);
for (const file of readdirSync("docs").filter((name) => name.endsWith(".md"))) drawPlots(join("docs", file));
if (outdated > 0) fail(`${outdated} part${outdated === 1 ? " is" : "s are"} out of date; run: npm run docs`);

/** The documented functions, constants and classes that `index.ts` of a folder exports. */
function entriesOf(folder, wanted = () => true) {
  const index = readFileSync(join(folder, "index.ts"), "utf8");
  const exported = new Map();
  for (const [, names, file] of index.matchAll(/export\s+(?:\*|\{([^}]*)\})\s+from\s+"\.\/(\w+)\.js"/g)) {
    const own = names ? names.split(",").map((name) => name.trim()) : null;
    exported.set(`${file}.ts`, own && [...(exported.get(`${file}.ts`) ?? []), ...own]);
  }
  const entries = [];
  for (const file of readdirSync(folder).sort()) {
    if (!exported.has(file)) continue;
    const path = join(folder, file);
    const isPublic = (name) => exported.get(file)?.includes(name) ?? true;
    const text = readFileSync(path, "utf8");
    const documented = new Set();
    for (const [, comment, line, name] of text.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*?)\*\/\s*(export (?:async )?(?:function|const|class) (\w+)[^\n]*)/g)) {
      const doc = comment.split("\n").map((text) => text.replace(/^\s*\*? ?/, "").trim());
      documented.add(name);
      const entry = { name, file: path, line, summary: summaryOf(doc), field: (field) => fieldOf(doc, field) };
      if (isPublic(name) && wanted(entry)) entries.push(entry);
    }
    for (const [, name] of text.matchAll(/^export (?:async )?(?:function|const|class) (\w+)/gm)) {
      if (isPublic(name) && !documented.has(name)) fail(`${path}: ${name} has no docstring`);
    }
  }
  return entries;
}

/** What the baselines say of the bars, one table for each adapter with rows of the benchmarks. */
async function measuredTables() {
  const contents = 'export { judge } from "./src/bench/bars.ts"; export { parseLines } from "./src/bench/row.ts";';
  const { outputFiles } = await build({ stdin: { contents, resolveDir: ".", loader: "ts" }, bundle: true, format: "esm", platform: "node", write: false });
  const { judge, parseLines } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
  return readdirSync("bench/baseline").sort().flatMap((file) => {
    const { rows } = parseLines(readFileSync(join("bench/baseline", file), "utf8"));
    if (rows.length === 0) return [];
    const { adapter, machine, commit, versions } = rows[0].environment;
    // Bars are set for lavapipe alone.
    const verdicts = judge(rows, adapter.startsWith("llvmpipe"));
    return [
      `${adapter}; ${machine.replace(/, load.*/, "")}; commit ${commit}; jax-js ${versions["jax-js"]}, tfjs ${versions.tfjs}.`,
      "",
      "| | measured | bar | |",
      "| --- | --- | --- | --- |",
      ...verdicts.filter(({ state }) => state !== "not measured").map(({ what, value, bar, state }) => `| ${cell(what)} | ${value} | ${bar} | ${{ PASS: "reached", "NOT REACHED": "**not reached**" }[state] ?? ""} |`),
      "",
    ];
  });
}

/** Replaces what stands between the two marks. */
function writeTable(path, name, lines) {
  const [begin, end] = [`<!-- ${name}: generated by npm run docs -->`, `<!-- /${name} -->`];
  const before = readFileSync(path, "utf8");
  if (!before.includes(begin) || !before.includes(end)) fail(`${path} has no "${begin}" ... "${end}"`);
  const table = [begin, "", ...lines, "", end].join("\n");
  settle(path, before.slice(0, before.indexOf(begin)) + table + before.slice(before.indexOf(end) + end.length), `${name} of ${path}`);
}

/** Runs each `kiln schedule ... --svg <file>` that a document shows, and keeps the file. */
function drawPlots(document) {
  const commands = [...readFileSync(document, "utf8").matchAll(/^kiln (schedule .* --svg (docs\/\S+))$/gm)];
  if (commands.length === 0) return;
  run(["scripts/build.mjs", "--quiet"]);
  const scratch = mkdtempSync(join(tmpdir(), "kiln-docs-"));
  for (const [, command, path] of commands) {
    const drawn = join(scratch, "plot.svg");
    run(["dist/cli.js", ...wordsOf(command).map((word) => (word === path ? drawn : word))]);
    settle(path, readFileSync(drawn, "utf8"), `${path} of ${document}`);
  }
  rmSync(scratch, { recursive: true });
}

/** As a shell would split it: words, and "quoted words". */
function wordsOf(command) {
  return [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain);
}

function run(args) {
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (status !== 0) fail(`node ${args.join(" ")}: ${stderr}`);
}

function settle(path, text, what) {
  if (existsSync(path) && readFileSync(path, "utf8") === text) return;
  if (check) {
    console.error(`docs: out of date: ${what}`);
    outdated++;
    return;
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  console.log(`wrote ${what}`);
}

/** The docstring's first paragraph: the formula. */
function summaryOf(doc) {
  const first = doc.findIndex((line) => line !== "");
  const paragraph = [];
  for (let i = first; i < doc.length && doc[i] !== "" && !/^(Shapes|Range|Throws|Source):/.test(doc[i]); i++) paragraph.push(doc[i]);
  return paragraph.join(" ");
}

function fieldOf(doc, name) {
  const at = doc.findIndex((line) => line.startsWith(name));
  if (at < 0) return "";
  const lines = [doc[at].slice(name.length).trim()];
  for (let i = at + 1; i < doc.length && doc[i] !== "" && !/^\w+:/.test(doc[i]); i++) lines.push(doc[i]);
  return lines.join(" ");
}

function cell(text) {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}

function fail(message) {
  console.error(`docs: ${message}`);
  process.exit(1);
}
