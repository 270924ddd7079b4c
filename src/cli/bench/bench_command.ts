// kiln bench: measures optimizer steps, kernels and training steps, alone or against other engines.
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import type { Command } from "commander";
import pc from "picocolors";
import { version } from "../../../package.json";
import { Bench } from "../../bench/bench.js";
import { judge, type Verdict } from "../../bench/bars.js";
import { compareRows } from "../../bench/compare.js";
import { openEngines, type Engines } from "../../bench/open_engines.js";
import { htmlReport } from "../../bench/report/html.js";
import { digits, TextReport } from "../../bench/report/text.js";
import { parseLines, rowFormat, toLine, type Environment, type Measurement, type Row } from "../../bench/row.js";
import { quick, thorough } from "../../bench/sampling.js";
import { casesOf, kernelGroups, suites } from "../../bench/suites/index.js";
import { UsageError } from "../../errors.js";
import { findAdapter, type AdapterChoice } from "../../node/open_device.js";
import { adapterFlag, adapterHelp, announce, parseAdapter } from "../open.js";
import { baselineFile, casesWithBars, verdictLines, writeBaseline } from "./baseline.js";
import { environmentOf } from "./environment.js";
import { measureProcesses } from "./processes.js";
import { statusLine } from "./status_line.js";

interface BenchFlags {
  quick?: boolean;
  peers?: boolean;
  baseline?: boolean;
  json?: string;
  html?: string;
  compare?: string;
  filter?: string;
  adapter?: AdapterChoice;
}

export function addBenchCommand(program: Command): void {
  program
    .command("bench")
    .description("measure optimizer steps, kernels and training steps")
    .argument("[suite...]", `what to measure: ${suites.join(", ")}, or of kernels ${kernelGroups.join(", ")}; all by default`)
    .option("--quick", "small sizes and few samples: to see that everything runs")
    .option("--peers", "measure jax-js and TensorFlow.js beside Kiln, on the same adapter")
    .option("--filter <text>", "only what has this in its suite, name or shape")
    .option("--json <file>", "write the measurements, a line of JSON each")
    .option("--html <file>", "write a report with charts, one file")
    .option("--compare <file>", "hold this run against an earlier one's --json, of the same adapter")
    .option("--baseline", "measure what Kiln's own bars are about, with peers, and write bench/baseline/<adapter>.jsonl")
    .option(adapterFlag, adapterHelp, parseAdapter)
    .action((names: string[], flags: BenchFlags) => bench(names, flags));
}

async function bench(names: readonly string[], flags: BenchFlags): Promise<void> {
  const isQuick = flags.quick === true;
  refuseSenseless(names, flags);
  // Read before anything is measured: a mistake in a name is found at once.
  const before = flags.compare === undefined ? null : parseLines(readText(flags.compare)).rows;
  const cases = flags.baseline ? casesWithBars() : casesOf({ names, isQuick, filter: flags.filter });
  const { adapter, gpu } = await findAdapter(flags.adapter ? { adapter: flags.adapter } : {});
  const engines = await openEngines({ adapter, gpu, version, peers: flags.peers === true || flags.baseline === true });
  const environment = environmentOf(engines);
  if (before && before.length > 0) refuseOtherAdapter(before, environment);
  console.log(announce(engines.kiln.device));
  console.log(`machine   ${environment.machine}; commit ${environment.commit}; ${Object.entries(environment.versions).map(([name, one]) => `${name} ${one}`).join(", ")}`);

  if (flags.json !== undefined) writeFileSync(flags.json, "");
  const rows: Row[] = [];
  const text = new TextReport((line) => console.log(line));
  const status = statusLine();
  const report = (measurement: Measurement) => {
    const row: Row = { format: rowFormat, ...measurement, environment };
    rows.push(row);
    if (flags.json !== undefined) appendFileSync(flags.json, `${toLine(row)}\n`);
    status.clear();
    text.add(measurement);
  };
  const progress = (what: string) => status.show(what);
  try {
    const run = new Bench(engines.kiln, engines.peers, { sampling: isQuick ? quick : thorough, isQuick, patience_ms: isQuick ? 2000 : 10_000, report, progress });
    await run.run(cases);
  } finally {
    status.clear();
    close(engines);
  }
  if (flags.baseline) await measureProcesses({ adapter: flags.adapter, engines: ["kiln", "jax-js", "tfjs", "jax-js wasm"], steps: 2000, report, progress });
  status.clear();
  const verdicts = flags.baseline ? judge(rows, true) : [];
  if (flags.baseline) settle(rows, verdicts, environment);
  if (before) printComparison(before, rows);
  if (flags.html !== undefined) writeFileSync(flags.html, await htmlReport(rows, { environment, verdicts }));
}

function refuseSenseless(names: readonly string[], { baseline, quick: isQuick, filter }: BenchFlags): void {
  if (baseline && (names.length > 0 || isQuick || filter !== undefined)) {
    throw new UsageError(`--baseline: always measures the same, got ${[...names, isQuick && "--quick", filter !== undefined && "--filter"].filter(Boolean).join(" ")} too; leave it out`);
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`--compare: cannot be read, got ${file}; name a file that kiln bench --json wrote`, { cause: error });
  }
}

/** Before minutes are spent on a run that cannot be compared. */
function refuseOtherAdapter(before: readonly Row[], environment: Environment): void {
  const stand = { suite: "", name: "", shape: "", contender: "", unit: "ms", median: 1, format: rowFormat, environment } as const;
  compareRows(before.map((row) => ({ ...stand, environment: row.environment })), [stand]);
}

function settle(rows: readonly Row[], verdicts: readonly Verdict[], environment: Environment): void {
  const file = baselineFile(environment.adapter);
  writeBaseline(file, rows);
  console.log(`\n${verdictLines(verdicts).map(painted).join("\n")}\nwritten   ${file}`);
}

function painted(line: string): string {
  return line.endsWith("NOT REACHED") ? pc.yellow(line) : line.endsWith("PASS") ? pc.green(line) : line;
}

function printComparison(before: readonly Row[], rows: readonly Row[]): void {
  const shared = compareRows(before, rows);
  const width = Math.max(...shared.map(({ key }) => key.length));
  console.log("\nagainst the earlier run (x of its time; * where the quartiles are apart)");
  for (const { key, before: old, now, unit, ratio, isClear } of shared) {
    const line = `  ${key.padEnd(width)}  ${digits(old)} -> ${digits(now)} ${unit}  ${ratio.toFixed(2)} x${isClear ? " *" : ""}`;
    console.log(isClear ? (ratio > 1 ? pc.yellow(line) : pc.green(line)) : line);
  }
}

function close({ kiln, peers }: Engines): void {
  for (const engine of [kiln, ...peers]) engine.close();
}
