// kiln lr-find: the learning rate range test.
import type { Command } from "commander";
import pc from "picocolors";
import { rangeTest, type RangeTest } from "../../tune/index.js";
import { numberOf } from "../../recipe/values.js";
import { rate } from "../format.js";
import type { Plot } from "../plot/plot.js";
import { addTuneFlags, report, withTuneRun, type TuneFlags } from "./tune_run.js";

interface LrFindFlags extends TuneFlags {
  from: number;
  to: number;
  sweep: number;
}

export function addLrFindCommand(program: Command, setExitCode: (code: number) => void): void {
  const command = program.command("lr-find").description("train with an ever higher learning rate until the loss bursts, and say which rate is of use");
  command
    .option("--from <lr>", "the lowest rate", numberOf("--from", { above: 0, example: 1e-7 }), 1e-7)
    .option("--to <lr>", "the highest rate", numberOf("--to", { above: 0, example: 10 }), 10)
    .option("--sweep <n>", "steps from one to the other", numberOf("--sweep", { min: 10, integer: true, example: 100 }), 100);
  addTuneFlags(command).action(async (flags: LrFindFlags) => setExitCode(await lrFind(command, flags)));
}

function lrFind(command: Command, flags: LrFindFlags): Promise<number> {
  return withTuneRun(command, flags, ["from", "to", "sweep"], async ({ target, signal, progress, settings }) => {
    const { from, to, sweep } = flags;
    const result = await rangeTest(target, { from, to, steps: sweep, signal, onProgress: ({ point, ...at }) => progress.update("range test", at, `lr ${rate(point.lr)}  loss ${point.loss.toFixed(3)}`) });
    progress.stop();
    await report(flags, inWords(result), { ...result, settings }, plotOf(result));
  });
}

function inWords({ suggestion, onset, least, rises, doubles, diverges, startLoss, points, message }: RangeTest): string[] {
  const shown = (value: number | null) => (value === null ? "-" : rate(value));
  return [
    `sweep     ${points.length} steps, loss ${startLoss.toFixed(3)} before the first`,
    `steepest  ${shown(suggestion)}`,
    `onset     ${pc.bold(shown(onset))}`,
    `least     ${shown(least)}`,
    `rises     ${shown(rises)}, doubles ${shown(doubles)}, bursts ${shown(diverges)}`,
    message,
  ];
}

function plotOf({ points, suggestion, onset, least, diverges }: RangeTest): Plot {
  const marks = [
    { x: suggestion, label: "steepest" },
    { x: onset, label: "onset" },
    { x: least, label: "least" },
    { x: diverges, label: "bursts" },
  ];
  return {
    title: "Learning rate range test",
    x: { label: "learning rate", log: true },
    y: { label: "loss", log: diverges !== null && points.every(({ loss }) => !(loss <= 0)) },
    series: [
      { name: "loss", points: points.map(({ lr, loss }) => [lr, loss] as const) },
      { name: "running mean", points: points.map(({ lr, smoothed }) => [lr, smoothed] as const), dashed: true },
    ],
    marks: marks.filter((mark): mark is { x: number; label: string } => mark.x !== null),
  };
}
