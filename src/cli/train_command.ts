import { Option, type Command } from "commander";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { UsageError } from "../errors.js";
import { newestCheckpoint, newRunFolder, checkpointName, metricsName } from "../node/run_folder.js";
import type { AdapterChoice } from "../node/open_device.js";
import { adapterFlag, adapterHelp, parseAdapter } from "./open.js";
import { flagOf } from "./flags.js";
import { settingsFlags, type SettingsFlags } from "./settings_flags.js";
import { planNewRun, planResumedRun } from "./train_plan.js";
import { trainRun } from "./train_run.js";
import { settingsOf, type TrainSettings } from "../recipe/settings.js";

interface TrainFlags extends SettingsFlags {
  out?: string;
  resume?: string | true;
  metrics?: string;
  adapter?: AdapterChoice;
  profile?: string | true;
  detectAnomaly?: boolean;
}

/** Flags that may change when a run is resumed; all others are the checkpoint's. */
const resumable: readonly string[] = ["data", "steps", "evalEvery", "evalBatches", "checkpointEvery", "sample", "out", "resume", "metrics", "adapter", "profile", "detectAnomaly"];

export function addTrainCommand(program: Command, setExitCode: (code: number) => void): void {
  const command = program.command("train").description("train a small GPT on a text, then sample from it");
  for (const option of options()) command.addOption(option);
  command.addHelpText("after", "\nDefaults are those of the preset; warmup and the last rate follow --steps and --lr. A new run never overwrites another: without --out it takes out, or the next free out/run-N.");
  command.action(async (flags: TrainFlags) => {
    const given = Object.keys(flags).filter((name) => command.getOptionValueSource(name) === "cli");
    setExitCode(await (flags.resume === undefined ? startRun(flags) : resumeRun(flags, given)));
  });
}

function options(): Option[] {
  return [
    ...settingsFlags(),
    new Option("--out <folder>", "where the run goes"),
    new Option("--resume [file]", "go on with a checkpoint: this one, or the newest"),
    new Option("--metrics <file>", `JSON lines, ${metricsName} in the run's folder by default`),
    new Option("--profile [file]", "first show what a step spends its time on; write a Chrome trace to this file"),
    new Option("--detect-anomaly", "look at what every op computes, and stop at the first value that is not finite: slow"),
    new Option(adapterFlag, adapterHelp).argParser(parseAdapter),
  ];
}

async function startRun({ preset, out, metrics, adapter, profile, detectAnomaly = false, resume: _, ...flags }: TrainFlags): Promise<number> {
  const settings = settingsOf(preset, flags, flagOf);
  const folder = newRunFolder(out);
  const metricsPath = metrics ?? join(folder, metricsName);
  if (existsSync(metricsPath)) throw new UsageError(`--metrics: the file exists, got ${metricsPath}; name another one`);
  return trainRun(await planNewRun(settings), { checkpointPath: join(folder, checkpointName), metricsPath, adapter, profile, detectAnomaly });
}

async function resumeRun({ out, resume, metrics, adapter, profile, detectAnomaly = false, ...flags }: TrainFlags, given: readonly string[]): Promise<number> {
  const fixed = given.find((name) => !resumable.includes(name));
  if (fixed) {
    throw new UsageError(`${flagOf(fixed)}: cannot change when a run is resumed, got ${String(flags[fixed as keyof typeof flags])}; leave it out, or start a new run`);
  }
  const file = typeof resume === "string" ? resume : newestCheckpoint(out, "--resume");
  const changed = Object.fromEntries(given.filter((name) => name in flags).map((name) => [name, flags[name as keyof typeof flags]]));
  const plan = await planResumedRun(file, changed as Partial<TrainSettings>);
  // A file named with another --out stays as it is: the run goes on in that folder.
  const checkpointPath = typeof resume === "string" && out !== undefined ? join(resumeFolder(out, file), checkpointName) : file;
  return trainRun(plan, { checkpointPath, metricsPath: metrics ?? join(dirname(checkpointPath), metricsName), adapter, profile, detectAnomaly });
}

function resumeFolder(out: string, file: string): string {
  return resolve(out, checkpointName) === resolve(file) ? out : newRunFolder(out);
}
