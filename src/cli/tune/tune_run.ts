// What `kiln lr-find`, `sharpness` and `advise` share: flags, the model in training that they look at, progress, files.
import { Option, type Command } from "commander";
import pc from "picocolors";
import { UsageError } from "../../errors.js";
import type { Device } from "../../gpu/device.js";
import { writeFileAtomic } from "../../node/files.js";
import type { AdapterChoice } from "../../node/open_device.js";
import type { RunPlan } from "../../recipe/run_plan.js";
import { settingsOf, type TrainSettings } from "../../recipe/settings.js";
import { tuneTargetOf } from "../../recipe/tune_target.js";
import type { TuneTarget } from "../../tune/index.js";
import { exitCodes } from "../errors.js";
import { flagOf } from "../flags.js";
import { count } from "../format.js";
import { catchInterrupts } from "../interrupts.js";
import { adapterFlag, adapterHelp, announce, parseAdapter, withDevice } from "../open.js";
import type { Plot } from "../plot/plot.js";
import { svgOf } from "../plot/svg.js";
import { terminalPlot } from "../plot/terminal.js";
import { ProgressBar } from "../progress_bar.js";
import { settingsFlags, type SettingsFlags } from "../settings_flags.js";
import { planNewRun, planOfCheckpoint } from "../train_plan.js";

export interface TuneFlags extends SettingsFlags {
  checkpoint?: string;
  json?: string;
  svg?: string;
  adapter?: AdapterChoice;
}

/** What a tool works with. */
export interface TuneRun {
  device: Device;
  settings: TrainSettings;
  target: TuneTarget;
  signal: AbortSignal;
  progress: ProgressBar;
}

/** Flags of `kiln train` that say nothing to a tool. */
const unused = ["--eval-every", "--eval-batches", "--checkpoint-every", "--sample"];
/** Flags that may come with --checkpoint; all others are the checkpoint's. */
const withCheckpoint: readonly string[] = ["data", "steps", "checkpoint", "json", "svg", "adapter"];

/** Adds the flags of a run, and those of every tool. */
export function addTuneFlags(command: Command): Command {
  for (const option of settingsFlags()) if (!unused.includes(option.long!)) command.addOption(option);
  command.addOption(new Option("--checkpoint <file>", "look at a run in training instead of a new one; the file stays as it is"));
  command.addOption(new Option("--json <file>", "write all that was measured; - for standard output"));
  command.addOption(new Option("--svg <file>", "write the plot; - for standard output"));
  return command.addOption(new Option(adapterFlag, adapterHelp).argParser(parseAdapter));
}

/** Opens what the flags name, runs the tool, and gives the exit code. Nothing of the run is written. */
export async function withTuneRun(command: Command, flags: TuneFlags, own: readonly string[], use: (run: TuneRun) => Promise<void>): Promise<number> {
  if (flags.json === "-" && flags.svg === "-") throw new UsageError("--json: standard output is taken, got - for --svg too; name a file");
  const plan = await planOf(command, flags, own);
  return withDevice(flags.adapter, async (device) => {
    const target = tuneTargetOf(device, plan);
    const say = pipes(flags) ? console.error : console.log;
    say(announce(device));
    say(`model     ${count(target.model.parameterCount())} parameters, ${plan.settings.optimizer}, batches of ${plan.settings.batch} x ${plan.settings.block}${plan.checkpoint ? `, step ${plan.checkpoint.state.step} of ${flags.checkpoint}` : ", untrained"}`);
    const interrupts = catchInterrupts(() => {});
    const progress = new ProgressBar();
    try {
      await use({ device, settings: plan.settings, target, signal: interrupts.signal, progress });
      return exitCodes.ok;
    } catch (error) {
      if (!interrupts.signal.aborted) throw error;
      return exitCodes.interrupted;
    } finally {
      progress.stop();
      interrupts.release();
    }
  });
}

/** Whether a file goes to standard output, which then holds nothing else. */
function pipes({ json, svg }: TuneFlags): boolean {
  return json === "-" || svg === "-";
}

/** Prints what was found, then writes the files that were asked for: a file that cannot be written loses nothing. */
export async function report(flags: TuneFlags, lines: readonly string[], result: object, plot: Plot): Promise<void> {
  const say = pipes(flags) ? console.error : console.log;
  for (const line of lines) say(line);
  const drawing = !pipes(flags) ? terminalPlot(plot, { columns: process.stdout.columns ?? 80, color: pc.isColorSupported && plot.series.length > 1 }) : "";
  if (drawing) say(`\n${drawing}`);
  const json = `${JSON.stringify(result, plain)}\n`;
  const write = (path: string, text: string) => (path === "-" ? void process.stdout.write(text) : writeFileAtomic(path, text));
  if (flags.json !== undefined) write(flags.json, json);
  if (flags.svg !== undefined) write(flags.svg, await svgOf(plot));
  for (const path of [flags.svg, flags.json]) if (path !== undefined && path !== "-") say(`wrote     ${path}`);
}

/** JSON has no infinity. */
function plain(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

async function planOf(command: Command, { checkpoint, json: _j, svg: _s, adapter: _a, preset, ...flags }: TuneFlags, own: readonly string[]): Promise<RunPlan> {
  const settings = Object.fromEntries(Object.entries(flags).filter(([name]) => !own.includes(name))) as Partial<TrainSettings>;
  if (checkpoint === undefined) return planNewRun(settingsOf(preset, settings, flagOf));
  const given = Object.keys(command.opts()).filter((name) => command.getOptionValueSource(name) === "cli");
  const fixed = given.find((name) => !withCheckpoint.includes(name) && !own.includes(name));
  if (fixed) throw new UsageError(`${flagOf(fixed)}: is the checkpoint's, got ${String(command.opts()[fixed])} too; leave it out, or leave --checkpoint out`);
  return planOfCheckpoint(checkpoint, "--checkpoint", settings);
}
