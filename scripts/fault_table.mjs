// The results of the fault table's tests, as they stand in docs/faults.md.
import { readFileSync } from "node:fs";

export const resultsFile = "test/fault_results.jsonl";
export const tableFile = "docs/faults.md";
const platforms = ["lavapipe", "SwiftShader", "Chromium"];

/** The first line says on what the rest was measured. */
export function readResults(text = readFileSync(resultsFile, "utf8")) {
  const [environment, ...results] = text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  return { environment, results };
}

/** The document with what was measured beside each row, and the sums below the table. What stands left of it is written by hand. */
export function withResults(markdown, { environment, results }) {
  const rows = markdown.replace(/^\| (\d+) \| ([^|]*) \| ([^|]*) \|.*$/gm, (_, row, fault, promise) => {
    const own = results.filter((result) => result.row === Number(row));
    return `| ${[row, fault, promise, testsOf(own), ...platforms.map((platform) => verdictOn(platform, own)), countsOf(own)].join(" | ")} |`;
  });
  const [begin, end] = ["<!-- results: written by scripts/fault_report.mjs -->", "<!-- /results -->"];
  return rows.slice(0, rows.indexOf(begin)) + [begin, "", ...summary(environment, results), "", end].join("\n") + rows.slice(rows.indexOf(end) + end.length);
}

function testsOf(results) {
  return [...new Set(results.map(({ file }) => file))].sort().map((file) => `[${file.replace(/^test\//, "").replace(/\.test\.ts$/, "")}](../${file})`).join(", ");
}

/** Tests that open no device count for both of Node's adapters. */
function verdictOn(platform, results) {
  const there = results.filter(({ on }) => on === platform);
  const here = there.length > 0 || platform === "Chromium" ? there : results.filter(({ on }) => on === "host");
  if (here.length === 0) return "";
  const where = there.length > 0 ? "" : " (host)";
  const worst = ["FAIL", "SKIP", "PASS"].find((verdict) => here.some((result) => result.verdict === verdict));
  const count = here.filter(({ verdict }) => verdict === worst).length;
  return `${worst === "PASS" ? worst : `**${worst}**`}${count > 1 ? ` ${count}` : ""}${where}`;
}

function countsOf(results) {
  const sums = new Map();
  for (const { counts } of results) for (const [what, many] of Object.entries(counts)) sums.set(what, (sums.get(what) ?? 0) + many);
  return [...sums].filter(([, many]) => many > 0).map(([what, many]) => `${many.toLocaleString("en")} ${what}`).join(", ");
}

function summary({ date, commit, runtime, machine, versions }, results) {
  const of = (verdict) => results.filter((result) => result.verdict === verdict).length;
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(", ");
  return [
    `${of("PASS")} tests passed, ${of("FAIL")} failed, ${of("SKIP")} skipped; a test of two adapters counts twice. Went through, all places together: ${countsOf(results)}.`,
    "",
    `Measured ${date} at commit ${commit}: ${runtime}; ${machine}; ${packages}.`,
  ];
}
