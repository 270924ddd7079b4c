// kiln advise: a peak rate and a warmup for this model and data, and why.
import type { Command } from "commander";
import pc from "picocolors";
import { advise, type Advice } from "../../tune/index.js";
import { numberOf } from "../../recipe/values.js";
import { rate } from "../format.js";
import { spread, type Plot } from "../plot/plot.js";
import { addTuneFlags, report, withTuneRun, type TuneFlags } from "./tune_run.js";

interface AdviseFlags extends TuneFlags {
  batches: number;
  sweep: number;
  noise?: boolean;
}

/** Flags of the tool itself, and those that the advice replaces. */
const notForTrain: readonly string[] = ["batches", "sweep", "noise", "checkpoint", "json", "svg", "adapter", "lr", "minLr", "warmup", "schedule"];
const plottedPoints = 1000;

export function addAdviseCommand(program: Command, setExitCode: (code: number) => void): void {
  const command = program.command("advise").description("advise a peak learning rate and a warmup for a run of kiln train, and say why");
  command
    .option("--batches <n>", "batches that the first step and the sharpness look at", numberOf("--batches", { min: 1, integer: true, example: 4 }), 4)
    .option("--sweep <n>", "steps of the range test", numberOf("--sweep", { min: 10, integer: true, example: 160 }), 160)
    .option("--no-noise", "leave the gradient noise scale out");
  addTuneFlags(command).action(async (flags: AdviseFlags) => setExitCode(await giveAdvice(command, flags)));
}

function giveAdvice(command: Command, flags: AdviseFlags): Promise<number> {
  return withTuneRun(command, flags, ["batches", "sweep", "noise"], async ({ target, signal, progress, settings }) => {
    const { steps, batch, accumulate, decay } = settings;
    const advice = await advise(target, {
      steps,
      batches: flags.batches,
      rangeSteps: flags.sweep,
      decay,
      signal,
      ...(flags.noise !== false && { batchSize: batch * accumulate }),
      onProgress: ({ stage, ...at }) => progress.update(stage, at),
    });
    progress.stop();
    const train = flags.checkpoint === undefined ? trainCommand(command, advice) : null;
    await report(flags, inWords(advice, train), { ...advice, settings }, plotOf(advice, steps));
  });
}

function inWords({ initialLr, peakLr, warmupSteps, finalLr, reasons }: Advice, train: string | null): string[] {
  const rise = warmupSteps === 0 ? `peak ${rate(peakLr)}, no warmup` : `warm up over ${warmupSteps} steps from ${rate(initialLr)} to ${rate(peakLr)}`;
  return [
    `advice    ${pc.bold(rise)}, then ${finalLr === peakLr ? "stay there" : `down to ${rate(finalLr)}`}`,
    "",
    ...reasons,
    ...(train === null ? [] : ["", `try       ${train}`]),
  ];
}

/** Trains what the advice is for: the flags as they were typed, and the advised rates. */
function trainCommand(command: Command, { peakLr, finalLr, warmupSteps }: Advice): string {
  const typed = command.options.filter((option) => {
    const name = option.attributeName();
    return command.getOptionValueSource(name) === "cli" && !notForTrain.includes(name) && option.negate === (command.getOptionValue(name) === false);
  });
  const flags = typed.map((option) => {
    const value: unknown = command.getOptionValue(option.attributeName());
    return typeof value === "boolean" ? option.long! : `${option.long!} ${quoted(String(value))}`;
  });
  return ["kiln train", ...flags, `--lr ${peakLr} --min-lr ${Number(finalLr.toPrecision(3))} --warmup ${warmupSteps}`].join(" ");
}

/** As a POSIX shell reads it back. */
function quoted(text: string): string {
  return /^[\w.,/:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function plotOf({ schedule }: Advice, steps: number): Plot {
  return {
    title: "Advised learning rate",
    x: { label: "step" },
    y: { label: "learning rate" },
    series: [{ name: "", points: spread(steps, plottedPoints).map((t) => [t, schedule.at(t)] as const) }],
  };
}
