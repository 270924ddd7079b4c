// kiln sharpness: the highest curvature of the loss, and where the learning rate stands.
import type { Command } from "commander";
import pc from "picocolors";
import { sharpness, type Sharpness } from "../../tune/index.js";
import { numberOf } from "../../recipe/values.js";
import { rate } from "../format.js";
import type { Plot } from "../plot/plot.js";
import { addTuneFlags, report, withTuneRun, type TuneFlags } from "./tune_run.js";

interface SharpnessFlags extends TuneFlags {
  batches: number;
  iterations: number;
  plain?: boolean;
}

export function addSharpnessCommand(program: Command, setExitCode: (code: number) => void): void {
  const command = program.command("sharpness").description("measure the loss's highest curvature, and whether the learning rate is past the edge of stability");
  command
    .option("--batches <n>", "batches that the loss is the mean of", numberOf("--batches", { min: 1, integer: true, example: 4 }), 4)
    .option("--iterations <n>", "most products with the Hessian", numberOf("--iterations", { min: 1, integer: true, example: 60 }), 60)
    .option("--plain", "of the Hessian alone, without the optimizer's scaling");
  addTuneFlags(command).action(async (flags: SharpnessFlags) => setExitCode(await measure(command, flags)));
}

function measure(command: Command, flags: SharpnessFlags): Promise<number> {
  return withTuneRun(command, flags, ["batches", "iterations", "plain"], async ({ target, signal, progress, settings }) => {
    const { batches, iterations } = flags;
    const estimates: { products: number; highest: number }[] = [];
    const result = await sharpness(target, {
      batches,
      iterations,
      signal,
      ...(flags.plain && { preconditioned: false }),
      onProgress: ({ highest, residual, ...at }) => {
        estimates.push({ products: at.done, highest });
        progress.update("sharpness", at, `lambda ${highest.toPrecision(4)}  residual ${residual.toPrecision(2)}`);
      },
    });
    progress.stop();
    await report(flags, inWords(result), { ...result, estimates, settings }, plotOf(estimates, result));
  });
}

const verdicts = { inside: "inside the edge of stability", at: "at the edge of stability", past: "past the edge of stability", unknown: "not to be told" } as const;

function inWords({ lambdaMax, error, lambdaMin, converged, iterations, preconditioned, threshold, stableRate, rates, share, verdict, loss }: Sharpness): string[] {
  return [
    `lambda    ${pc.bold(lambdaMax.toPrecision(4))} +- ${error.toPrecision(2)}, the lowest seen ${lambdaMin.toPrecision(4)}; ${iterations} products${converged ? "" : pc.yellow(", not converged")}`,
    `hessian   ${preconditioned ? "scaled as the optimizer scales its steps" : "plain"}, of a loss of ${loss.toFixed(4)}`,
    stableRate === null ? "edge      Kiln knows no rule for this optimizer" : `edge      ${threshold!.toPrecision(4)} / lambda = ${pc.bold(rate(stableRate))}, the largest stable learning rate here`,
    `now       ${rates.map(rate).join(", ")}: ${verdicts[verdict]}${share === null ? "" : ` (${(100 * share).toPrecision(3)} % of it)`}`,
  ];
}

/** How the search came to its value, and what the present rate would allow. */
function plotOf(estimates: readonly { products: number; highest: number }[], { rates, threshold }: Sharpness): Plot {
  const points = (value: (estimate: { products: number; highest: number }) => number) => estimates.map((one) => [one.products, value(one)] as const);
  const rate = rates.find((one) => one > 0);
  const allowed = threshold === null || rate === undefined ? null : threshold / rate;
  return {
    title: "Sharpness by products with the Hessian",
    x: { label: "products" },
    y: { label: "lambda", log: estimates.every(({ highest }) => highest > 0) },
    series: [
      { name: "highest eigenvalue found", points: points(({ highest }) => highest) },
      ...(allowed === null ? [] : [{ name: `stable at the present rate up to ${allowed.toPrecision(3)}`, points: points(() => allowed), dashed: true }]),
    ],
  };
}
