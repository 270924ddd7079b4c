// Group 4: BatchNorm's scale s multiplies the curvature of the layer after it, and divides the highest stable rate.
import { batchNorm, fromArray, full, Generator, keep, matmul, mseLoss, SGD, tune, type Device, type Tensor } from "kiln-gpu";
import { experiment, type Measured } from "../../src/lab/index.js";
import { descend } from "./support/descent.js";
import { grid, mean, median, spread } from "./support/statistics.js";

const scales = { small: [0.5, 1, 2, 4], full: [0.25, 0.5, 1, 2, 4, 8] };
const seeds = [1, 2, 3];
const [rows, columns] = [256, 16];
/** Rates tried, as shares of 2 / lambda: an edge between two neighbours is known to 4 %. */
const shares = [0.8, 0.88, 0.96, 1.04, 1.12, 1.2];
const steps = 300;

interface Cell extends Record<string, number> {
  scale: number;
  seed: number;
}

interface Result extends Record<string, number> {
  sharpness: number;
  /** Between the highest rate that converged and the lowest that did not. */
  edge: number;
}

type Row = Measured<Cell, Result>;

/** Features that a batch norm with scale s passes on, and targets of a linear teacher. */
function dataOf(device: Device, scale: number, seed: number): { x: Tensor; y: Tensor } {
  const generator = new Generator(seed);
  const raw = generator.normal(rows * columns).map((value, i) => value * (1 + (i % columns)) + (i % 5));
  const [features, weight] = [keep(fromArray(device, raw, { shape: [rows, columns] })), keep(full(device, [columns], scale))];
  const x = keep(batchNorm(features, { weight, training: true }));
  for (const used of [features, weight]) used.dispose();
  return { x, y: keep(fromArray(device, generator.normal(rows), { shape: [rows, 1] })) };
}

async function measure({ scale, seed }: Cell, device: Device, signal: AbortSignal): Promise<Result> {
  const { x, y } = dataOf(device, scale, seed);
  const start = new Generator(seed + 100).normal(columns);
  const lossOf = (weights: Tensor) => mseLoss(matmul(x, weights), y);
  const probe = keep(fromArray(device, start, { shape: [columns, 1] }));
  probe.requiresGrad = true;
  const optimizer = new SGD([probe], { lr: 1e-3 });
  const { lambdaMax } = await tune.sharpness({ optimizer, loss: () => lossOf(probe) }, { signal, tolerance: 1e-3 });
  for (const used of [optimizer, probe]) used.dispose();
  let [stable, lost] = [0, Infinity];
  for (const share of shares) {
    const rate = (2 * share) / lambdaMax;
    const path = await descend<unknown>(device, { start, shape: [columns, 1], steps, every: steps / 2, signal, optimizer: (weights) => new SGD([weights], { lr: rate }), loss: lossOf });
    const [middle, end] = path.slice(-2).map((weights) => Math.max(...Array.from(weights, Math.abs))) as [number, number];
    // Past the edge the sharpest mode grows in the second half; inside it the weights settle.
    if (Number.isFinite(end) && end <= 1.5 * middle) stable = rate;
    else {
      // Far past it the optimizer skips steps whose gradient overflows: weights that stand still at 1e19 have not settled.
      lost = rate;
      break;
    }
  }
  for (const used of [x, y]) used.dispose();
  return { sharpness: lambdaMax, edge: (stable + lost) / 2 };
}

export default experiment<Cell, Result>({
  name: "batchnorm-curvature",
  group: 4,
  title: "BatchNorm's scale multiplies the curvature behind it, and divides the highest stable rate",
  claim:
    "BatchNorm gives every feature the variance s², whatever came in. The curvature of the linear layer behind it is that of its inputs: it grows with s², so the highest stable rate of gradient descent there, 2/λ, falls with 1/s². The scale that a norm starts with is a choice of step length.",
  source: "Santurkar et al. 2018, arXiv 1805.11604, section 4, on the norm's effect on curvature; LeCun et al. 1998, Efficient BackProp, section 4.3, on the variance of inputs",
  prediction: "A slope of −2.0 of log highest stable rate over log s, and a highest stable rate within 5 % of 2 over the measured sharpness at every s.",
  revision: 1,
  criteria: [
    { id: "slope", statement: "distance from −2 of the slope of log highest stable rate over log s", confirmed: { atMost: 0.1 }, contradicted: { atLeast: 1 } },
    { id: "edge", statement: "highest stable rate over 2/λ, farthest from 1 over all s", confirmed: { atMost: 0.05 }, contradicted: { atLeast: 0.5 } },
  ],
  cells: (size) => grid({ scale: scales[size], seed: seeds }),
  measure: (cell, { device, signal }) => measure(cell, device, signal),
  conclude: (measured, size) => {
    const list = scales[size];
    const of = (scale: number, seed: number): Result => find(measured, scale, seed);
    const slopes = seeds.map((seed) => {
      const [first, last] = [list[0]!, list.at(-1)!];
      return Math.log(of(last, seed).edge / of(first, seed).edge) / Math.log(last / first);
    });
    const offs = seeds.map((seed) => Math.max(...list.map((scale) => Math.abs((of(scale, seed).edge * of(scale, seed).sharpness) / 2 - 1))));
    const values = { slope: slopes.map((slope) => Math.abs(slope + 2)), edge: offs };
    const edges = (scale: number) => seeds.map((seed) => of(scale, seed).edge);
    return {
      values,
      summary: `From s = ${list[0]} to ${list.at(-1)} the highest stable rate went from ${median(edges(list[0]!)).toPrecision(3)} to ${median(edges(list.at(-1)!)).toPrecision(3)}: as s to the power ${median(slopes).toFixed(2)}. It lay within ${(100 * median(offs)).toFixed(1)} % of 2 over the measured sharpness.`,
      advice: `Doubling a norm's scale divides the rate that the layer behind it bears by ${(2 ** -median(slopes)).toPrecision(2)}: start scales at 1 or below, and expect to lower the rate where they have grown.`,
      charts: [
        {
          ...{ kind: "lines", title: "Highest stable rate behind a batch norm of scale s", x: { name: "s", log: true }, y: { name: "rate", log: true } },
          series: [
            { name: "measured", style: "points", points: list.map((scale) => [scale, mean(edges(scale))] as const), band: list.map((scale) => [scale, ...spread(edges(scale))] as const) },
            { name: "2/λ of the measured sharpness", points: list.map((scale) => [scale, mean(seeds.map((seed) => 2 / of(scale, seed).sharpness))] as const), style: "dashed" },
          ],
        },
      ],
      tables: [{ title: "Sharpness and edges", columns: ["s", "seed", "λ", "2/λ", "highest stable rate"], rows: measured.map(({ cell, result }) => [cell.scale, cell.seed, result.sharpness, 2 / result.sharpness, result.edge]) }],
    };
  },
});

function find(rows: readonly Row[], scale: number, seed: number): Result {
  return rows.find(({ cell }) => cell.scale === scale && cell.seed === seed)!.result;
}
