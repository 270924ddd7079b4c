// Group 1: on a quadratic, gradient descent diverges exactly past 2 / lambda_max, whatever the warmup.
import { capture, fromArray, keep, mul, randn, schedule, SGD, sum, type Device } from "kiln-gpu";
import { experiment, type Measured } from "../../src/lab/index.js";
import { lossesOf } from "./support/losses.js";
import { grid } from "./support/statistics.js";

/** 0.01 to 1, evenly on a log scale. */
const curvatures = Float32Array.from({ length: 16 }, (_, i) => 10 ** (-2 + (2 * i) / 15));
const edge = 2 / Math.max(...curvatures);
/** A warmup passes 1/lambda, which all but removes the sharpest mode: after 100 steps of it f32 has none left that could grow. */
const warmups = [0, 20];
/** At the peak. A mode that grows by 1.02 a step does so by a factor of 3000 meanwhile. */
const stepsAtPeak = 400;
const sizes = {
  small: { share: [0.5, 0.9, 0.96, 0.99, 1.01, 1.04, 1.1, 1.5], seed: [1, 2, 3] },
  full: { share: [0.25, 0.5, 0.75, 0.9, 0.96, 0.99, 0.995, 1.005, 1.01, 1.04, 1.1, 1.25, 1.5, 2], seed: [1, 2, 3, 4, 5] },
};

interface Cell extends Record<string, number> {
  /** Of the edge. */
  share: number;
  warmup: number;
  seed: number;
}

interface Result extends Record<string, number | number[]> {
  /**
   * Of the sharpest mode's weight, after over before the steps at the peak. Not of the loss, as it was at first: after a warmup the loss of the
   * other modes hides the growth of the sharpest for a long time.
   */
  growth: number;
  curve: number[];
}

type Row = Measured<Cell, Result>;

async function measure({ share, warmup, seed }: Cell, device: Device, signal: AbortSignal): Promise<Result> {
  const count = curvatures.length;
  const curvature = keep(fromArray(device, curvatures, { shape: [count] }));
  const weights = keep(randn(device, [count], { seed }));
  weights.requiresGrad = true;
  const peak = share * edge;
  const optimizer = new SGD([weights], { lr: warmup > 0 ? schedule.warmup({ steps: warmup, to: peak }).then(schedule.constant(peak)) : peak });
  using step = capture<unknown>(device, () => {
    optimizer.zeroGrad();
    const loss = mul(sum(mul(curvature, mul(weights, weights))), 0.5);
    loss.backward();
    optimizer.step();
    return loss.detach();
  });
  const sharpest = async () => Math.abs((await weights.data()).at(-1)!);
  const before = await lossesOf(step, { steps: warmup, signal });
  const weight = await sharpest();
  const after = await lossesOf(step, { steps: stepsAtPeak, signal });
  const end = await sharpest();
  // One that is gone has shrunk, even where it was gone before.
  const growth = end === 0 ? 0 : end / weight;
  for (const tensor of [curvature, weights]) tensor.dispose();
  return { growth, curve: [...before, ...after].filter((_, t) => t % 10 === 0) };
}

/** The largest share of the edge below which every rate shrinks the loss, and the smallest from which every rate makes it grow. */
function bracket(rows: readonly Row[]): [stable: number, diverging: number] {
  const sorted = [...rows].sort((a, b) => a.cell.share - b.cell.share);
  const first = sorted.findIndex(({ result }) => !(result.growth < 1));
  const last = sorted.findLastIndex(({ result }) => result.growth < 1);
  return [first < 0 ? sorted.at(-1)!.cell.share : (sorted[first - 1]?.cell.share ?? 0), sorted[last + 1]?.cell.share ?? Infinity];
}

export default experiment<Cell, Result>({
  name: "quadratic-edge",
  group: 1,
  title: "On a quadratic, descent diverges exactly past 2 / λmax, warmup or not",
  claim:
    "Gradient descent w ← w − η λ w shrinks a mode of curvature λ exactly while |1 − η λ| < 1, that is while η < 2/λ. On a quadratic λ never changes, so a warmup only delays the divergence of a peak rate above 2/λmax; it cannot prevent it.",
  source: "Nesterov 2004, Introductory Lectures on Convex Optimization, 2.1; Cohen et al. 2021, arXiv 2103.00065, section 2",
  prediction: "Rates up to 0.99 of 2/λmax shrink the loss and rates from 1.01 of it on make it grow, for every start, with a warmup as without.",
  revision: 1,
  criteria: [
    { id: "stable", statement: "largest stable rate, over 2/λmax", confirmed: { atLeast: 0.98 }, contradicted: { atMost: 0.9 } },
    { id: "diverging", statement: "smallest diverging rate, over 2/λmax", confirmed: { atMost: 1.02 }, contradicted: { atLeast: 1.1 } },
    { id: "warmed", statement: "smallest diverging rate after a warmup, over 2/λmax", confirmed: { atMost: 1.02 }, contradicted: { atLeast: 1.1 } },
  ],
  cells: (size) => grid({ ...sizes[size], warmup: warmups }),
  measure: (cell, { device, signal }) => measure(cell, device, signal),
  conclude: (measured) => {
    const seeds = [...new Set(measured.map(({ cell }) => cell.seed))];
    const of = (warmup: number, seed: number) => measured.filter(({ cell }) => cell.warmup === warmup && cell.seed === seed);
    const brackets = (warmup: number) => seeds.map((seed) => bracket(of(warmup, seed)));
    const [plain, warmed] = warmups.map(brackets) as [[number, number][], [number, number][]];
    const values = { stable: plain.map(([stable]) => stable), diverging: plain.map(([, diverging]) => diverging), warmed: warmed.map(([, diverging]) => diverging) };
    const shares = [...new Set(measured.map(({ cell }) => cell.share))];
    const shown = measured.filter(({ cell }) => cell.seed === seeds[0] && cell.share >= 0.9 && cell.share <= 1.1);
    const least = Math.min(...values.warmed);
    return {
      values,
      summary: `Without a warmup the largest rate that shrank the sharpest mode was ${Math.min(...values.stable)} of 2/λmax and the smallest that made it grow ${Math.max(...values.diverging)}; after a warmup of ${warmups[1]} steps it grew from ${least} on.`,
      advice: `Where the curvature does not change, no warmup makes room for a rate above 2/λmax (${edge} here: growth from ${least} of it on, warmup or not): lower the peak, or clip, instead of warming up longer.`,
      charts: [
        {
          ...{ kind: "lines", title: "Loss on a quadratic, by share of 2/λmax", x: { name: "step" }, y: { name: "loss", log: true, min: 1e-8, max: 1e12 } },
          series: shown.map(({ cell, result }) => ({ name: `${cell.share} of the edge${cell.warmup > 0 ? ", warmup" : ""}`, style: cell.warmup > 0 ? "dashed" : "solid", colour: shares.indexOf(cell.share), points: result.curve.map((loss, i) => [10 * i, loss]) })),
        },
      ],
      tables: [{ title: `The sharpest mode after ${stepsAtPeak} steps at the peak, over that before them`, columns: ["share of 2/λmax", "warmup", "seed", "growth"], rows: measured.map(({ cell, result }) => [cell.share, cell.warmup, cell.seed, result.growth]) }],
    };
  },
});
