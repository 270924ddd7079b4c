// Runs every test of the fault table, and writes what came of it into docs/faults.md: node scripts/fault_report.mjs [project...] [file...]
// With names of projects (pure, swiftshader, lavapipe, cli, browser) or of test files, the results of the others stay as they were.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { readResults, resultsFile, tableFile, withResults } from "./fault_table.mjs";

process.chdir(new URL("..", import.meta.url).pathname);
process.env.XDG_RUNTIME_DIR ??= tmpdir(); // Mesa complains without it

const projects = {
  pure: { folder: "test/pure", on: "host" },
  swiftshader: { folder: "test/gpu", on: "SwiftShader" },
  lavapipe: { folder: "test/gpu", on: "lavapipe" },
  cli: { folder: "test/cli", on: "host" },
  browser: { folder: "test/browser", on: "Chromium" },
};
const args = process.argv.slice(2);
const named = args.filter((arg) => arg.endsWith(".test.ts"));
const wanted = args.filter((arg) => !named.includes(arg));
const chosen = wanted.length > 0 ? wanted : Object.keys(projects);
const unknown = chosen.find((name) => !Object.hasOwn(projects, name));
if (unknown) throw new Error(`fault_report: unknown project, got ${unknown}; use ${Object.keys(projects).join(", ")}`);

// Row 42 in the browser sums up the tests around it.
const pattern = "row \\d+ \\(|ops in Chromium";
const scratch = mkdtempSync(join(tmpdir(), "kiln-faults-"));
const fresh = join(scratch, "results.jsonl");
writeFileSync(fresh, "");
let kept = existsSync(resultsFile) ? readResults().results : [];
for (const project of chosen) {
  const { folder, on } = projects[project];
  const isWanted = (file) => file.startsWith(`${folder}/`) && (named.length === 0 || named.includes(file));
  kept = kept.filter((result) => !(result.on === on && isWanted(result.file)));
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => `${folder}/${name}`).filter((file) => file.endsWith(".test.ts") && isWanted(file) && /\bfault\(/.test(readFileSync(file, "utf8")));
  if (files.length === 0) continue;
  spawnSync(process.execPath, ["node_modules/vitest/vitest.mjs", "run", "--project", project, "-t", pattern, ...files], { stdio: "inherit", env: { ...process.env, KILN_FAULTS: fresh } });
}
const measured = readFileSync(fresh, "utf8").split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
rmSync(scratch, { recursive: true, force: true });

const results = [...kept, ...measured].sort((a, b) => a.row - b.row || compare(a.on, b.on) || compare(a.file, b.file) || compare(a.what, b.what));
const lines = [environment(), ...results].map((line) => JSON.stringify(line));
writeFileSync(resultsFile, `${lines.join("\n")}\n`);
writeFileSync(tableFile, withResults(readFileSync(tableFile, "utf8"), readResults()));
const bad = results.filter(({ verdict }) => verdict !== "PASS");
for (const { verdict, row, on, what } of bad) console.log(`${verdict}  row ${row} on ${on}: ${what}`);
console.log(`${results.length - bad.length} of ${results.length} tests of the table passed; ${measured.length} of them ran now`);
process.exit(bad.length > 0 || measured.length === 0 ? 1 : 0);

function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

function environment() {
  const { stdout } = spawnSync("git", ["describe", "--always", "--exclude=*"], { encoding: "utf8" });
  const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: stdout.trim(),
    runtime: `Node ${process.version}, ${process.platform} ${process.arch}`,
    machine: `${cpus().length} x ${cpus()[0]?.model.trim() ?? "unknown processor"}`,
    versions: { webgpu: version("webgpu"), "@sparticuz/chromium": version("@sparticuz/chromium") },
  };
}
