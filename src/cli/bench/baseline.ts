// The run that the project is judged by: the cases that have a bar, the processes, and a file for each adapter.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Case } from "../../bench/bench.js";
import { bars, type Verdict } from "../../bench/bars.js";
import { parseLines, toLine, type Row } from "../../bench/row.js";
import { casesOf } from "../../bench/suites/index.js";
import { makeFolder } from "../../node/files.js";

/** Those that a bar names. */
export function casesWithBars(): Case[] {
  const wanted = new Set(bars.map(({ row: { suite, name, shape } }) => `${suite} ${name} ${shape}`));
  return casesOf({ names: [], isQuick: false }).filter(({ suite, name, shape }) => wanted.has(`${suite} ${name} ${shape}`) || wanted.has(`${suite} ${name} ${shape.split(":")[0]}`));
}

/** "llvmpipe: Mesa 25.0.7" is kept in bench/baseline/llvmpipe.jsonl. */
export function baselineFile(adapter: string): string {
  const stem = adapter.toLowerCase().split(/[:(,]/)[0]!.trim().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  return join("bench", "baseline", `${stem || "adapter"}.jsonl`);
}

/** Puts the rows in place of the file's own; lines of other kinds stay. */
export function writeBaseline(file: string, rows: readonly Row[]): void {
  const { others } = parseLines(existsSync(file) ? readFileSync(file, "utf8") : "");
  makeFolder(dirname(file));
  writeFileSync(file, `${[...others, ...rows.map(toLine)].join("\n")}\n`);
}

/** As an aligned table. */
export function verdictLines(verdicts: readonly Verdict[]): string[] {
  const width = (key: "what" | "value" | "bar") => Math.max(...verdicts.map((verdict) => verdict[key].length));
  return verdicts.map(({ what, value, bar, state }) => `${what.padEnd(width("what"))}  ${value.padStart(width("value"))}  ${bar.padEnd(width("bar"))}  ${state}`);
}
