// Group 2: the sharpness that Adam sees along a warmup, against the edge of stability.
import { Adam, backward, capture, fromArray, keep, schedule, tune, type Device, type nn, type Tensor } from "kiln-gpu";
import { experiment, type Measured } from "../../src/lab/index.js";
import { Chain } from "./support/chain.js";
import { lossesOf } from "./support/losses.js";
import { grid, mean, median, spread } from "./support/statistics.js";
import { shape, tinyGpt } from "./support/tiny_gpt.js";

/** One batch, always the same: the edge of stability is a law of full-batch training. */
const batch = 16;
const steps = { small: 48, full: 256 };
const every = { small: 12, full: 16 };
const warmups = { small: [0, 36], full: [0, 64, 192] };
const peaks = { small: [0.03], full: [0.01, 0.03, 0.1] };
const seeds = { small: [1, 2, 3], full: [1, 2, 3, 4, 5] };
const norms: readonly nn.NormPlace[] = ["post", "pre"];

interface Cell extends Record<string, string | number> {
  norm: nn.NormPlace;
  peak: number;
  warmup: number;
  seed: number;
}

interface Result extends Record<string, number | number[]> {
  /** Steps taken before each measurement. */
  at: number[];
  /** Of the preconditioned Hessian. */
  sharpness: number[];
  /** The rate of the coming step over the largest stable one: past 1, beyond the edge. */
  share: number[];
  losses: number[];
}

type Row = Measured<Cell, Result>;

async function measure({ norm, peak, warmup, seed }: Cell, device: Device, length: number, between: number, signal: AbortSignal): Promise<Result> {
  const model = tinyGpt(device, norm, seed);
  const lr = warmup > 0 ? schedule.warmup({ steps: warmup, to: peak }).then(schedule.constant(peak)) : peak;
  const optimizer = new Adam(model.parameters(), { lr });
  const data = new Chain(shape.block, batch, seed).next();
  const [tokens, targets] = [data.tokens, data.targets].map((values) => keep(fromArray(device, values, { shape: data.shape, dtype: "i32" }))) as [Tensor, Tensor];
  using step = capture(device, (batch) => {
    optimizer.zeroGrad();
    const loss = model.loss(batch.tokens, batch.targets);
    backward(loss);
    optimizer.step();
    return loss;
  });
  const target = { optimizer, model, loss: () => model.loss(tokens, targets) };
  const result: Result & { losses: number[] } = { at: [], sharpness: [], share: [], losses: [] };
  for (let taken = 0; taken < length; taken += between) {
    // The first step gives Adam the moments without which its preconditioner is undefined.
    const chunk = taken === 0 ? 1 : between;
    result.losses.push(...(await lossesOf(step, { steps: chunk, signal, feed: () => ({ tokens, targets }) })));
    const { lambdaMax, share } = await tune.sharpness(target, { iterations: 24, tolerance: 0.05, signal });
    result.at.push(result.losses.length);
    result.sharpness.push(lambdaMax);
    result.share.push(share ?? NaN);
  }
  for (const used of [tokens, targets, optimizer, model]) used.dispose();
  return result;
}

/** Mean and range over seeds, at each measurement. */
function seriesOf(rows: readonly Row[], of: (result: Result) => number[]): { points: [number, number][]; band: [number, number, number][] } {
  const at = rows[0]!.result.at;
  const column = (i: number) => rows.map(({ result }) => of(result)[i]!).filter(Number.isFinite);
  return { points: at.map((t, i) => [t, mean(column(i))]), band: at.map((t, i) => [t, ...spread(column(i))]) };
}

export default experiment<Cell, Result>({
  name: "warmup-sharpness",
  group: 2,
  title: "Warmup rides the edge of stability, and sharpness falls on the way",
  claim:
    "Adam with a fixed batch is stable while its rate is below a threshold over the sharpness of its preconditioned Hessian (38 / λ for β₁ = 0.9). A young second moment makes that Hessian sharp: a full rate starts far past the edge. A warmup raises the rate to the edge slowly; each time it gets there the loss catapults to a flatter place, so the sharpness falls along the warmup (where it started high) instead of rising by progressive sharpening.",
  source: "Cohen et al. 2022, arXiv 2207.14484, section 2, for the threshold; Kalra and Barkeshli 2024, arXiv 2406.09405, sections 4 and 5",
  prediction: "Without warmup the first rate is at least twice what is stable. With warmup the rate stays near the edge (its largest share between 0.5 and 3), and the sharpness at the end of the warmup is at most half of that after the first step, post-LN and pre-LN alike.",
  revision: 1,
  criteria: [
    { id: "start", statement: "post-LN, no warmup: first rate over the stable one", confirmed: { atLeast: 2 }, contradicted: { atMost: 1 }, unit: "x" },
    { id: "post", statement: "post-LN: sharpness at the end of the warmup over that after the first step", confirmed: { atMost: 0.5 }, contradicted: { atLeast: 1 }, unit: "x" },
    { id: "pre", statement: "pre-LN: sharpness at the end of the warmup over that after the first step", confirmed: { atMost: 0.5 }, contradicted: { atLeast: 1 }, unit: "x" },
    { id: "edge", statement: "post-LN: largest share of the edge along the warmup", confirmed: { atLeast: 0.5 }, contradicted: { atMost: 0.1 }, unit: "x" },
  ],
  cells: (size) => grid({ norm: norms, peak: peaks[size], warmup: warmups[size], seed: seeds[size] }),
  measure: (cell, { device, size, signal }) => measure(cell, device, steps[size], every[size], signal),
  conclude: (measured, size) => {
    const peak = peaks[size].includes(0.03) ? 0.03 : peaks[size][0]!;
    const [none, warmup] = [0, warmups[size][1]!];
    const rowsOf = (norm: nn.NormPlace, length: number) => measured.filter(({ cell }) => cell.norm === norm && cell.warmup === length && cell.peak === peak);
    const during = (row: Row, values: number[]) => values.filter((_, i) => row.result.at[i]! <= warmup + 1);
    const falls = (norm: nn.NormPlace) => rowsOf(norm, warmup).map((row) => during(row, row.result.sharpness).at(-1)! / row.result.sharpness[0]!);
    const values = {
      start: rowsOf("post", none).map(({ result }) => result.share[0]!),
      post: falls("post"),
      pre: falls("pre"),
      edge: rowsOf("post", warmup).map((row) => Math.max(...during(row, row.result.share))),
    };
    const runs = grid({ norm: norms, length: [none, warmup] });
    const named = ({ norm, length }: (typeof runs)[number]) => `${norm}-LN, ${length === 0 ? "no warmup" : `warmup of ${length}`}`;
    const lines = (of: (result: Result) => number[]) => runs.map((run, i) => ({ name: named(run), colour: i >> 1, style: run.length === 0 ? ("dashed" as const) : ("solid" as const), ...seriesOf(rowsOf(run.norm, run.length), of) }));
    const fell = median(values.post) < 1;
    return {
      values,
      summary: `At a peak of ${peak}, post-LN without warmup started at ${median(values.start).toPrecision(3)} times the stable rate. Along a warmup of ${warmup} steps its rate reached ${median(values.edge).toPrecision(3)} of the edge at most, and the sharpness went to ${median(values.post).toPrecision(3)} times what it was after the first step (pre-LN: ${median(values.pre).toPrecision(3)} times): it ${fell ? "fell, as after catapults" : "rose, which is progressive sharpening"}.`,
      advice: `Measure the sharpness after the first step: here a rate of ${(peak / median(values.start)).toExponential(1)} was the largest stable one then, ${median(values.start).toPrecision(2)} times below the peak${fell ? `, and a warmup of ${warmup} steps made room for the rest by itself` : ""}.`,
      charts: [
        { kind: "lines", title: "Rate over the largest stable rate (1: the edge)", x: { name: "step" }, y: { name: "share of the edge", log: true }, series: lines(({ share }) => share), marks: [{ x: warmup, label: "end of the warmup" }] },
        { kind: "lines", title: "Sharpness of the preconditioned Hessian", x: { name: "step" }, y: { name: "λmax", log: true }, series: lines(({ sharpness }) => sharpness), marks: [{ x: warmup, label: "end of the warmup" }] },
      ],
      tables: [
        {
          title: "Sharpness and share of the edge",
          columns: ["norm", "peak", "warmup", "seed", "step", "λmax", "share of the edge", "loss"],
          rows: measured.flatMap(({ cell, result }) => result.at.map((t, i) => [cell.norm, cell.peak, cell.warmup, cell.seed, t, result.sharpness[i]!, result.share[i]!, result.losses[t - 1]!])),
        },
      ],
    };
  },
});
