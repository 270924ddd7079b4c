// kiln advise: a peak rate and a warmup for this model and data, and why.
import type { Command } from "commander";
import pc from "picocolors";
import { advise, type Advice } from "../../tune/index.js";
import { numberFlag } from "../flags.js";
import { rate } from "../format.js";
import type { Plot } from "../plot/plot.js";
import { addTuneFlags, report, withTuneRun, type TuneFlags } from "./tune_run.js";

interface AdviseFlags extends TuneFlags {
  batches: number;
  sweep: number;
  noise?: boolean;
}

export function addAdviseCommand(program: Command, setExitCode: (code: number) => void): void {
  const command = program.command("advise").description("advise a peak learning rate and a warmup for a run of kiln train, and say why");
  command
    .option("--batches <n>", "batches that the first step and the sharpness look at", numberFlag("--batches", { min: 1, integer: true, example: 4 }), 4)
    .option("--sweep <n>", "steps of the range test", numberFlag("--sweep", { min: 10, integer: true, example: 160 }), 160)
    .option("--no-noise", "leave the gradient noise scale out");
  addTuneFlags(command).action(async (flags: AdviseFlags) => setExitCode(await giveAdvice(command, flags)));
}

function giveAdvice(command: Command, flags: AdviseFlags): Promise<number> {
  return withTuneRun(command, flags, ["batches", "sweep", "noise"], async ({ target, signal, progress, settings }) => {
    const { steps, batch, decay } = settings;
    const advice = await advise(target, {
      steps,
      batches: flags.batches,
      rangeSteps: flags.sweep,
      decay,
      signal,
      ...(flags.noise !== false && { batchSize: batch }),
      onProgress: ({ stage, ...at }) => progress.update(stage, at),
    });
    progress.stop();
    await report(flags, inWords(advice, flags), { ...advice, settings }, plotOf(advice, steps));
  });
}

function inWords({ initialLr, peakLr, warmupSteps, finalLr, reasons }: Advice, { checkpoint, preset, steps }: AdviseFlags): string[] {
  const train = ["kiln train", preset !== "small" && `--preset ${preset}`, steps !== undefined && `--steps ${steps}`, `--lr ${peakLr} --min-lr ${Number(finalLr.toPrecision(3))} --warmup ${warmupSteps}`];
  return [
    `advice    ${pc.bold(warmupSteps === 0 ? `peak ${rate(peakLr)}, no warmup` : `warm up over ${warmupSteps} steps from ${rate(initialLr)} to ${rate(peakLr)}`)}, then down to ${rate(finalLr)}`,
    "",
    ...reasons,
    ...(checkpoint === undefined ? ["", `try       ${train.filter(Boolean).join(" ")}`] : []),
  ];
}

function plotOf({ schedule }: Advice, steps: number): Plot {
  return {
    title: "Advised learning rate",
    x: { label: "step" },
    y: { label: "learning rate" },
    series: [{ name: "", points: Array.from({ length: steps }, (_, t) => [t, schedule.at(t)] as const) }],
  };
}
