// The learning rate range test: train with an ever higher rate until the loss bursts, and read the curve.
import { checkNumber } from "../options.js";
import { inFlight } from "./in_flight.js";
import { withProbe, type Probe } from "./probe.js";
import { onsetOf } from "./range_onset.js";
import { readRange, multipleOf, type RangePoint, type RangeReading } from "./range_analysis.js";
import { checkToolOptions, type Progress, type ToolOptions, type TuneTarget } from "./target.js";

export interface RangeTestOptions extends ToolOptions {
  /** The lowest rate. 1e-7 by default. */
  from?: number;
  /** The highest. 10 by default. */
  to?: number;
  /** Steps from one to the other, evenly in log lr: on batches 0 to steps - 1. 100 by default. */
  steps?: number;
  /** Weight of the past in the running mean that `stopAt` looks at. 0.9 by default. */
  smoothing?: number;
  /** Stop once the running mean is this many times its least. 4 by default. */
  stopAt?: number;
  onProgress?: (progress: Progress & { point: RangePoint }) => void;
}

/** What `rangeTest` found. */
export interface RangeTest extends RangeReading {
  /** Before the first step. */
  startLoss: number;
  points: RangePoint[];
  /** The lowest rate at which the loss is nearly as low as where it is least: a peak to train with. null where no descent is seen. */
  onset: number | null;
  /** Where the loss burst or was not finite and the sweep stopped; null if it came to `to`. */
  diverges: number | null;
  /** Each group's rate over the leading group's, which all rates here are of. */
  ratios: number[];
  /** The result in a sentence or two, with what to do. */
  message: string;
}

const where = "rangeTest";
/** Steps launched whose losses have not arrived. */
const maxInFlight = 4;

/**
 * lr_i = from (to / from)^(i / (steps - 1)): trains on a copy of the state with rates that rise exponentially, and reads
 * from the losses which are of use. Groups keep the ratio of their rates; the leading one, the first that has a rate,
 * gets lr_i. Clipping, decay and moments are the optimizer's own. Losses are read late, so that the GPU does not idle.
 *
 * Range:  1e-30 <= from < to <= 1e30; steps >= 10; smoothing in [0, 1); stopAt > 1.
 * Throws: UsageError for an option out of range; the signal's reason; what the loss throws. Everything is put back then,
 *         as it is in the end. A loss that is not finite ends the sweep, and is no error.
 * Source: Smith 2015, arXiv 1506.01186, section 3.3.
 */
export async function rangeTest(target: TuneTarget, options: RangeTestOptions = {}): Promise<RangeTest> {
  const sweep = checked(options);
  return withProbe(where, target, options.signal, (probe) => run(probe, sweep));
}

type Sweep = Required<Omit<RangeTestOptions, "signal" | "onProgress">> & Pick<RangeTestOptions, "onProgress">;

function checked(options: RangeTestOptions): Sweep {
  checkToolOptions(where, options, ["from", "to", "steps", "smoothing", "stopAt", "onProgress"]);
  const from = checkNumber(where, "from", options.from ?? 1e-7, { min: 1e-30 });
  const sweep: Sweep = {
    from,
    to: checkNumber(where, "to", options.to ?? 10, { above: from, max: 1e30 }),
    steps: checkNumber(where, "steps", options.steps ?? 100, { min: 10, integer: true }),
    smoothing: checkNumber(where, "smoothing", options.smoothing ?? 0.9, { min: 0, below: 1 }),
    stopAt: checkNumber(where, "stopAt", options.stopAt ?? 4, { above: 1 }),
  };
  return options.onProgress ? { ...sweep, onProgress: options.onProgress } : sweep;
}

async function run(probe: Probe, sweep: Sweep): Promise<RangeTest> {
  const { from, to, steps, onProgress } = sweep;
  const curve = new Curve(sweep, (i) => from * (to / from) ** (Math.min(i, steps - 1) / (steps - 1)));
  probe.setRates(curve.rateAt);
  // A training step reads the loss that the step before it has led to; the last loss needs no step.
  for await (const { loss, skipped } of inFlight(steps + 1, maxInFlight, (i) => (i < steps ? stepOn(probe, i) : endOn(probe, i)))) {
    probe.checkSignal();
    const point = curve.add(loss, skipped);
    if (point) onProgress?.({ done: curve.points.length, total: steps, point });
    if (curve.diverges !== null) break;
  }
  const { points, startLoss, diverges } = curve;
  const reading = readRange(points, startLoss);
  const onset = reading.least === null ? null : onsetOf(points, startLoss);
  return { ...reading, onset, startLoss, points, diverges, ratios: [...probe.ratios], message: describe({ ...reading, onset }, curve, sweep) };
}

/** A loss, and whether the step from it was skipped because its gradient was not finite. */
interface StepResult {
  loss: number;
  skipped: boolean;
}

async function stepOn(probe: Probe, batch: number): Promise<StepResult> {
  const [loss, { gradNorm }] = await Promise.all([probe.trainStep(batch), probe.target.optimizer.stats()]);
  return { loss, skipped: Number.isNaN(gradNorm) };
}

async function endOn(probe: Probe, batch: number): Promise<StepResult> {
  return { loss: await probe.loss(batch), skipped: false };
}

/** The points as they arrive, and whether to go on. */
class Curve {
  readonly points: RangePoint[] = [];
  startLoss = NaN;
  diverges: number | null = null;
  private least = Infinity;
  private sum = 0;
  private weight = 0;

  constructor(
    private readonly sweep: Sweep,
    readonly rateAt: (i: number) => number,
  ) {}

  /** A loss makes a point with the rate of the step that led to it; the first has none. */
  add(loss: number, skipped: boolean): RangePoint | null {
    const { smoothing, stopAt } = this.sweep;
    this.sum = smoothing * this.sum + loss;
    this.weight = smoothing * this.weight + 1;
    const smoothed = this.sum / this.weight;
    let point: RangePoint | null = null;
    if (this.weight === 1) this.startLoss = loss;
    else this.points.push((point = { lr: this.rateAt(this.points.length), loss, smoothed }));
    this.least = Math.min(this.least, smoothed);
    if (!Number.isFinite(loss) || smoothed > multipleOf(this.least, stopAt, this.startLoss)) this.diverges = point?.lr ?? this.sweep.from;
    else if (skipped) this.diverges = this.rateAt(this.points.length);
    return point;
  }
}

function describe({ suggestion, least, doubles, onset }: RangeReading & Pick<RangeTest, "onset">, { startLoss, points, diverges }: Curve, { from, to }: Sweep): string {
  const text = (lr: number) => Number(lr.toPrecision(3)).toString();
  if (!Number.isFinite(startLoss)) return "The loss is not finite before the first step: nothing can be learned from here.";
  if (points.length === 0) return "The gradient is not finite before the first step: nothing can be learned from here.";
  if (suggestion === null) {
    const advice = diverges === null ? "raise `to`, take more steps or larger batches" : `lower \`from\`, ${text(from)}, or take more steps`;
    return `No descent found: ${diverges === null ? "the loss never left its noise" : `the loss burst at ${text(diverges)} without falling before`}; ${advice}.`;
  }
  const near = onset === null ? "" : `, and nearly as low from ${text(onset)} on: a peak to train with`;
  const found = `The loss falls fastest at ${text(suggestion)} and is least at ${text(least!)}${near}.`;
  const rises = [doubles !== null && `stays above twice its least from ${text(doubles)} on`, diverges !== null && `bursts at ${text(diverges)}`].filter(Boolean);
  return rises.length > 0 ? `${found} It ${rises.join(" and ")}.` : `${found} It did not diverge: raise \`to\`, ${text(to)}, to see where it does.`;
}
