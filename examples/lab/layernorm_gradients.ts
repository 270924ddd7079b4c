// Group 3: LayerNorm passes gradients in proportion to 1/σ, so small initial weights make large first gradients.
import { backward, fromArray, Generator, keep, layerNorm, mseLoss, mul, schedule, SGD, sum, type Device, type Tensor } from "kiln-gpu";
import { experiment, type Measured, type Size } from "../../src/lab/index.js";
import { highestRate } from "./support/highest_rate.js";
import { lossesOf } from "./support/losses.js";
import { PlainNet, type NetShape } from "./support/plain_net.js";
import { grid, lastMean, mean, median, spread } from "./support/statistics.js";
import { Trainee } from "./support/trainee.js";

/** Of what the norm is given. */
const sigmas = [0.03, 0.1, 0.3, 1, 3, 10];
/** Of the hidden weights; the usual one is the square root of 2. */
const gains = [Math.SQRT2, 0.05];
const net: NetShape = { inputs: 8, width: 32, outputs: 1, depth: 2, norm: true };
const points = 64;
const runOf = (size: Size) => (size === "full" ? { steps: 512, warmup: 128, seeds: [1, 2, 3, 4, 5] } : { steps: 96, warmup: 32, seeds: [1, 2, 3] });
const search = { from: 4, factor: 2, count: 16 };
/** A run trains where its loss ends at this share of the first. */
const enough = 0.5;

interface Cell extends Record<string, string | number | boolean> {
  what: "gradient" | "training";
  /** σ of the norm's input, or the gain. */
  scale: number;
  warmed: boolean;
  seed: number;
}

interface Result extends Record<string, number> {
  /** Norm of the gradient of the norm's input, or of the first layer's weights before the first step. */
  gradient: number;
  /** The highest rate that trains; 0 where none was looked for. */
  highest: number;
}

type Row = Measured<Cell, Result>;
type Batch = { x: Tensor; y: Tensor };

const length = (values: ArrayLike<number>) => Math.sqrt(Array.from(values).reduce((total, value) => total + value * value, 0));

async function gradientAt(device: Device, sigma: number, seed: number): Promise<number> {
  const [rows, columns] = [32, 64];
  const generator = new Generator(seed);
  const x = keep(fromArray(device, generator.normal(rows * columns).map((value) => sigma * value), { shape: [rows, columns] }));
  const weights = keep(fromArray(device, generator.normal(rows * columns), { shape: [rows, columns] }));
  x.requiresGrad = true;
  const y = layerNorm(x, null, null, { eps: 1e-10 });
  backward(sum(mul(y, weights)));
  const gradient = length(await x.grad!.data());
  for (const tensor of [x, weights, y]) tensor.dispose();
  return gradient;
}

/** Points and what a smooth function makes of them. */
function batchOf(device: Device, seed: number): Batch {
  const generator = new Generator(seed + 1000);
  const x = generator.normal(points * net.inputs);
  const direction = generator.normal(net.inputs);
  const y = Float32Array.from({ length: points }, (_, row) => Math.sin(direction.reduce((total, value, i) => total + value * x[row * net.inputs + i]!, 0)));
  return { x: keep(fromArray(device, x, { shape: [points, net.inputs] })), y: keep(fromArray(device, y, { shape: [points, 1] })) };
}

function makeTrainee(device: Device): Trainee<Batch> {
  const model = new PlainNet(device, net, 0);
  return new Trainee<Batch>(device, model, new SGD(model.parameters(), { lr: 0 }), ({ x, y }) => mseLoss(model.forward(x), y));
}

/** Of the first layer's weights, before any step. */
async function firstGradient(device: Device, gain: number, seed: number, { x, y }: Batch): Promise<number> {
  const model = new PlainNet(device, { ...net, gain }, seed);
  backward(mseLoss(model.forward(x), y));
  const gradient = length(await model.parameters()[0]!.grad!.data());
  model.dispose();
  return gradient;
}

export default experiment<Cell, Result>({
  name: "layernorm-gradients",
  group: 3,
  title: "LayerNorm passes gradients in proportion to 1/σ: small initial weights make large first gradients",
  claim:
    "LayerNorm divides by the standard deviation σ of its input, and so does its backward: dL/dx is of order 1/σ. Weights before a norm may be scaled without changing what the net computes, but a net that starts with small ones starts with large gradients, and its first steps are as much too long. A warmup tames them: the weights grow under small steps, and with them σ.",
  source: "Ba et al. 2016, arXiv 1607.06450, section 5.1; Xiong et al. 2020, arXiv 2002.04745, section 3, on gradients at initialisation and warmup; Arora et al. 2019, arXiv 1812.03981, on scale-invariant weights",
  prediction: "A slope of −1.00 of log gradient over log σ. With a gain of 0.05 in place of 1.41 the first layer's first gradient is about 28 times as large. A warmup over a third of the steps raises the highest rate at which SGD trains the net with small weights at least twofold.",
  revision: 1,
  criteria: [
    { id: "slope", statement: "distance from −1 of the slope of log gradient over log σ", confirmed: { atMost: 0.05 }, contradicted: { atLeast: 0.5 } },
    { id: "first", statement: "first gradient, small weights over usual ones, as a share of the ratio of their scales", confirmed: { atLeast: 0.5 }, contradicted: { atMost: 0.1 } },
    { id: "raised", statement: "small weights: highest rate that trains, with warmup over without", confirmed: { atLeast: 2 }, contradicted: { atMost: 0.5 }, unit: "x" },
  ],
  cells: (size) => [
    ...grid({ what: ["gradient"] as const, scale: sigmas, warmed: [false], seed: runOf(size).seeds }),
    ...grid({ what: ["training"] as const, scale: gains, warmed: [false, true], seed: runOf(size).seeds }),
  ],
  measure: async ({ what, scale, warmed, seed }, { device, size, signal, shared }) => {
    if (what === "gradient") return { gradient: await gradientAt(device, scale, seed), highest: 0 };
    const { steps, warmup } = runOf(size);
    const trainee = shared("trainee", () => makeTrainee(device));
    const batch = shared(`batch ${seed}`, () => batchOf(device, seed));
    const trains = async (rate: number): Promise<boolean> => {
      trainee.start(new PlainNet(device, { ...net, gain: scale }, seed), warmed ? schedule.warmup({ steps: warmup, to: rate }).then(schedule.constant(rate)) : rate);
      const losses = await lossesOf(trainee.step, { steps, signal, feed: () => batch, stopAbove: 1e4 });
      return losses.length === steps && lastMean(losses, 8) <= enough * losses[0]!;
    };
    return { gradient: await firstGradient(device, scale, seed, batch), highest: await highestRate({ ...search, trains }) };
  },
  conclude: (measured, size) => {
    const { seeds, warmup, steps } = runOf(size);
    const gradients = (what: Cell["what"], scale: number): number[] => seeds.map((seed) => find(measured, what, scale, false, seed).gradient);
    const highest = (scale: number, warmed: boolean): number[] => seeds.map((seed) => find(measured, "training", scale, warmed, seed).highest);
    const [usual, small] = gains as [number, number];
    const slopes = seeds.map((_, i) => slopeOf(sigmas.map((sigma) => [Math.log(sigma), Math.log(gradients("gradient", sigma)[i]!)])));
    const ratios = seeds.map((_, i) => gradients("training", small)[i]! / gradients("training", usual)[i]!);
    const raised = (scale: number) => seeds.map((_, i) => highest(scale, true)[i]! / highest(scale, false)[i]!);
    const values = { slope: slopes.map((slope) => Math.abs(slope + 1)), first: ratios.map((ratio) => ratio / (usual / small)), raised: raised(small) };
    const helps = median(values.raised) >= 2;
    return {
      values,
      summary: `The gradient that the norm passed on fell as σ to the power ${median(slopes).toFixed(3)}. Weights ${(usual / small).toFixed(0)} times smaller made the first layer's first gradient ${median(ratios).toFixed(0)} times larger. A warmup over ${warmup} of ${steps} steps raised the highest rate that trains ${median(raised(small))} times with them, and ${median(raised(usual))} times with usual ones (without it: ${median(highest(small, false))} and ${median(highest(usual, false))}).`,
      advice: helps
        ? `Before a norm, small initial weights are no safe choice: they cost a factor of ${median(ratios).toFixed(0)} in the first gradient. Start them at the usual scale, or warm up (${median(values.raised)} times the rate here).`
        : `Before a norm, small initial weights make first gradients ${median(ratios).toFixed(0)} times larger, and a warmup did not raise the highest rate here (${median(values.raised)} times): start them at the usual scale.`,
      charts: [
        {
          ...{ kind: "lines", title: "Gradient that LayerNorm passes on, by the σ of its input", x: { name: "σ", log: true }, y: { name: "norm of dL/dx", log: true } },
          series: [
            { name: "measured", points: sigmas.map((sigma) => [sigma, mean(gradients("gradient", sigma))] as const), band: sigmas.map((sigma) => [sigma, ...spread(gradients("gradient", sigma))] as const) },
            { name: "1/σ", style: "dashed", points: sigmas.map((sigma) => [sigma, mean(gradients("gradient", 1)) / sigma] as const) },
          ],
        },
        {
          ...{ kind: "bars", title: "Highest rate that trains", categories: gains.map((gain) => `gain ${gain.toFixed(2)}`), y: { name: "rate", log: true } },
          series: [false, true].map((warmed) => ({
            name: warmed ? "with warmup" : "without",
            values: gains.map((gain) => median(highest(gain, warmed))),
            low: gains.map((gain) => spread(highest(gain, warmed))[0]),
            high: gains.map((gain) => spread(highest(gain, warmed))[1]),
          })),
        },
      ],
      tables: [{ title: "All measurements", columns: ["what", "σ or gain", "warmup", "seed", "gradient", "highest rate"], rows: measured.map(({ cell, result }) => [cell.what, cell.scale, cell.warmed ? "yes" : "no", cell.seed, result.gradient, cell.what === "training" ? result.highest : null]) }],
    };
  },
});

function find(rows: readonly Row[], what: Cell["what"], scale: number, warmed: boolean, seed: number): Result {
  return rows.find(({ cell }) => cell.what === what && cell.scale === scale && cell.warmed === warmed && cell.seed === seed)!.result;
}

/** Of the least squares' line. */
function slopeOf(pairs: readonly (readonly [x: number, y: number])[]): number {
  const [x, y] = [mean(pairs.map(([at]) => at)), mean(pairs.map(([, value]) => value))];
  return pairs.reduce((total, [at, value]) => total + (at - x) * (value - y), 0) / pairs.reduce((total, [at]) => total + (at - x) ** 2, 0);
}
