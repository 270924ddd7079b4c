// kiln lab: experiments about warmup, schedules and optimizers, with verdicts.
import type { Command } from "commander";
import { join } from "node:path";
import pc from "picocolors";
import { version } from "../../../package.json";
import { UsageError } from "../../errors.js";
import type { Device } from "../../gpu/device.js";
import { boundText, labReport, runExperiment, valueText, type Experiment, type Outcome, type Size, type Verdict } from "../../lab/index.js";
import { writeFileAtomic } from "../../node/files.js";
import type { AdapterChoice } from "../../node/open_device.js";
import { exitCodes } from "../errors.js";
import { duration } from "../format.js";
import { catchInterrupts } from "../interrupts.js";
import { adapterFlag, adapterHelp, announce, parseAdapter, withDevice } from "../open.js";
import { ProgressBar } from "../progress_bar.js";
import { FileStore } from "./file_store.js";
import { writeOutcome } from "./outcome_files.js";

interface LabFlags {
  all?: boolean;
  list?: boolean;
  full?: boolean;
  fresh?: boolean;
  out: string;
  adapter?: AdapterChoice;
}

export function addLabCommand(program: Command, setExitCode: (code: number) => void): void {
  program
    .command("lab")
    .description("rerun what theory claims about warmup and schedules, as experiments with verdicts")
    .argument("[name...]", "experiments, see --list")
    .option("--all", "every experiment")
    .option("--list", "name the experiments and end")
    .option("--full", "the sizes for a GPU instead of those for minutes on a processor")
    .option("--fresh", "measure again what an earlier run kept")
    .option("--out <folder>", "where results, pictures and the report go", "out/lab")
    .option(adapterFlag, adapterHelp, parseAdapter)
    .addHelpText("after", "\nA run that is interrupted goes on where it stopped when the same command is given again.")
    .action(async (names: string[], flags: LabFlags) => setExitCode(await lab(names, flags)));
}

async function lab(names: readonly string[], flags: LabFlags): Promise<number> {
  const { experiments } = await import("../../../examples/lab/index.js");
  if (flags.list) return list(experiments);
  const chosen = choose(experiments, names, flags);
  const size: Size = flags.full ? "full" : "small";
  return withDevice(flags.adapter, async (device) => {
    console.log(announce(device));
    const interrupts = catchInterrupts(() => {});
    try {
      const { outcomes, skipped } = await runAll(chosen, device, size, flags, interrupts.signal);
      await writeReport(outcomes, skipped, device, size, flags.out);
      return exitCodes.ok;
    } catch (error) {
      if (!interrupts.signal.aborted) throw error;
      console.log("stopped   what was measured is kept: the same command goes on from there");
      return exitCodes.interrupted;
    } finally {
      interrupts.release();
    }
  });
}

function list(experiments: readonly Experiment[]): number {
  const width = Math.max(...experiments.map(({ name }) => name.length));
  for (const { name, group, title } of experiments) console.log(`${String(group).padStart(2)}  ${pc.bold(name.padEnd(width))}  ${title}`);
  return exitCodes.ok;
}

function choose(experiments: readonly Experiment[], names: readonly string[], { all }: LabFlags): readonly Experiment[] {
  if (all && names.length > 0) throw new UsageError(`kiln lab: --all is every experiment, got ${names.join(", ")} too; leave one of them out`);
  if (all) return experiments;
  if (names.length === 0) throw new UsageError("kiln lab: needs the name of an experiment, got none; see kiln lab --list, or take --all");
  const unknown = names.find((name) => !experiments.some((one) => one.name === name));
  if (unknown !== undefined) throw new UsageError(`kiln lab: no such experiment, got ${unknown}; choose from ${experiments.map(({ name }) => name).join(", ")}`);
  return experiments.filter(({ name }) => names.includes(name));
}

interface Skipped {
  name: string;
  reason: string;
}

async function runAll(experiments: readonly Experiment[], device: Device, size: Size, { out, fresh = false }: LabFlags, signal: AbortSignal): Promise<{ outcomes: Outcome[]; skipped: Skipped[] }> {
  const outcomes: Outcome[] = [];
  const skipped: Skipped[] = [];
  for (const [i, experiment] of experiments.entries()) {
    const { name, title, revision, requires } = experiment;
    console.log(`\n${pc.bold(name)}   ${title}${experiments.length > 1 ? pc.dim(`   ${i + 1} of ${experiments.length}`) : ""}`);
    if (requires && !device.features.has(requires)) {
      skipped.push({ name, reason: `it needs ${requires}, which the adapter lacks` });
      console.log(pc.yellow(`skipped   ${skipped.at(-1)!.reason}`));
      continue;
    }
    const identity = JSON.stringify({ experiment: name, revision, size, adapter: device.adapter.name, kiln: version });
    const store = new FileStore(join(out, "cells", `${name}.${size}.jsonl`), identity, { fresh });
    if (store.restarted) console.log(`fresh     ${store.restarted}`);
    const outcome = await measured(experiment, { device, size, store, signal });
    tell(outcome);
    for (const path of await writeOutcome(outcome, out)) console.log(`wrote     ${path}`);
    outcomes.push(outcome);
  }
  return { outcomes, skipped };
}

async function measured(experiment: Experiment, options: { device: Device; size: Size; store: FileStore; signal: AbortSignal }): Promise<Outcome> {
  const bar = new ProgressBar();
  const lines = new ProgressLines();
  try {
    return await runExperiment(experiment, {
      ...options,
      onProgress: (progress) => {
        const { done, total, kept, seconds } = progress;
        const left = done > kept ? (seconds / (done - kept)) * (total - done) : NaN;
        const note = `${kept > 0 ? `${kept} kept  ` : ""}${Number.isFinite(left) ? `eta ${duration(left)}` : ""}`;
        bar.update("settings", progress, note);
        lines.update(done, total, note);
      },
    });
  } finally {
    bar.stop();
  }
}

/** For where there is no terminal: some lines a sweep. */
class ProgressLines {
  private last_ms = -Infinity;

  update(done: number, total: number, note: string): void {
    if (process.stderr.isTTY === true || performance.now() - this.last_ms < 10_000) return;
    this.last_ms = performance.now();
    console.log(`settings  ${done} of ${total}  ${note}`.trimEnd());
  }
}

const inColor: Readonly<Record<Verdict, (text: string) => string>> = { confirmed: pc.green, contradicted: pc.red, "not confirmed at this scale": pc.yellow };

function tell({ verdict, criteria, findings, seconds }: Outcome): void {
  for (const criterion of criteria) {
    const { statement, confirmed, unit } = criterion;
    console.log(`criterion ${statement}: ${valueText(criterion)}, confirmed ${boundText(confirmed, unit)}: ${inColor[criterion.verdict](criterion.verdict)}`);
  }
  console.log(`verdict   ${pc.bold(inColor[verdict](verdict))} after ${duration(seconds)}`);
  console.log(`seen      ${findings.summary}`);
  console.log(`advice    ${findings.advice}`);
}

async function writeReport(outcomes: readonly Outcome[], skipped: readonly Skipped[], device: Device, size: Size, out: string): Promise<void> {
  const counts = new Map<Verdict, number>();
  for (const { verdict } of outcomes) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  console.log(`\n${[...counts].map(([verdict, count]) => `${count} ${verdict}`).join(", ")}${skipped.length > 0 ? `, ${skipped.length} skipped` : ""}`);
  const path = join(out, "report.html");
  const facts = [["adapter", device.adapter.name], ["size", size], ["date", new Date().toISOString().slice(0, 10)], ["kiln", version]] as const;
  writeFileAtomic(path, await labReport(outcomes, { facts, software: device.adapter.software, skipped }));
  console.log(`report    ${path}`);
}
