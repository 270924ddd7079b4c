// A run's rows as columns of numbers, kept up with its log: charts go through a hundred thousand of them at every drawing.
import type { SharpnessRow, StepRow, ValidationRow } from "../protocol.js";
import { Smoother } from "./smoothing.js";

/** Numbers that are added at the end. */
class Column {
  private data = new Float64Array(256);
  length = 0;

  push(value: number): void {
    if (this.length === this.data.length) {
      const longer = new Float64Array(2 * this.length);
      longer.set(this.data);
      this.data = longer;
    }
    this.data[this.length++] = value;
  }

  /** Shares memory: good until the next push. */
  get values(): Float64Array {
    return this.data.subarray(0, this.length);
  }
}

export interface Rows {
  readonly steps: readonly StepRow[];
  readonly validations: readonly ValidationRow[];
  readonly sharpness: readonly SharpnessRow[];
}

export const clippedFlag = 1;
export const skippedFlag = 2;

const stepNames = ["step", "seconds", "loss", "smooth", "lr", "gradNorm", "tokensPerSecond", "flags"] as const;
const validationNames = ["step", "seconds", "loss", "exactMatch"] as const;
const sharpnessNames = ["step", "seconds", "sharpness", "edge"] as const;

type Table<Name extends string> = Record<Name, Column>;

function table<Name extends string>(names: readonly Name[]): Table<Name> {
  return Object.fromEntries(names.map((name) => [name, new Column()])) as Table<Name>;
}

/** What is unknown or not finite is NaN. */
export class RunColumns {
  steps = table(stepNames);
  validations = table(validationNames);
  sharpness = table(sharpnessNames);
  private smoother: Smoother;
  /** The last row taken over of each kind: where the log holds another there, it was rewound. */
  private last: { [Kind in keyof Rows]?: Rows[Kind][number] } = {};

  constructor(private smoothing: number) {
    this.smoother = new Smoother(smoothing);
  }

  /** Takes over what the log has by now. Rows are only added, unless the run went back or the smoothing changed. */
  update(rows: Rows, smoothing: number): void {
    if (smoothing !== this.smoothing || this.rewound(rows)) this.forget(smoothing);
    for (let i = this.steps.step.length; i < rows.steps.length; i++) this.pushStep(rows.steps[i]!);
    for (let i = this.validations.step.length; i < rows.validations.length; i++) this.pushValidation(rows.validations[i]!);
    for (let i = this.sharpness.step.length; i < rows.sharpness.length; i++) this.pushSharpness(rows.sharpness[i]!);
    for (const kind of ["steps", "validations", "sharpness"] as const) (this.last[kind] as unknown) = rows[kind].at(-1);
  }

  private rewound(rows: Rows): boolean {
    return (["steps", "validations", "sharpness"] as const).some((kind) => {
      const { length } = this[kind].step;
      return length > 0 && rows[kind][length - 1] !== this.last[kind];
    });
  }

  private forget(smoothing: number): void {
    this.steps = table(stepNames);
    this.validations = table(validationNames);
    this.sharpness = table(sharpnessNames);
    this.smoothing = smoothing;
    this.smoother = new Smoother(smoothing);
  }

  private pushStep({ step, seconds, loss, lr, gradNorm, tokensPerSecond, clipped, skipped }: StepRow): void {
    const { steps } = this;
    steps.step.push(step);
    steps.seconds.push(seconds);
    steps.loss.push(finite(loss));
    steps.smooth.push(this.smoother.next(finite(loss)));
    steps.lr.push(finite(lr));
    steps.gradNorm.push(finite(gradNorm));
    steps.tokensPerSecond.push(tokensPerSecond > 0 ? tokensPerSecond : NaN);
    steps.flags.push((clipped ? clippedFlag : 0) | (skipped ? skippedFlag : 0));
  }

  private pushValidation({ step, seconds, validationLoss, exactMatch }: ValidationRow): void {
    const { validations } = this;
    validations.step.push(step);
    validations.seconds.push(seconds);
    validations.loss.push(finite(validationLoss));
    validations.exactMatch.push(finite(exactMatch));
  }

  /** The rate's edge of stability is one of sharpness too: what it would have to be for the rate of this step to be at it. */
  private pushSharpness({ step, sharpness, threshold }: SharpnessRow): void {
    const row = nearestIndex(this.steps.step.values, step);
    const lr = row < 0 ? NaN : this.steps.lr.values[row]!;
    this.sharpness.step.push(step);
    this.sharpness.seconds.push(row < 0 ? 0 : this.steps.seconds.values[row]!);
    this.sharpness.sharpness.push(finite(sharpness));
    this.sharpness.edge.push(lr > 0 ? finite((sharpness * threshold) / lr) : NaN);
  }
}

/** JSON, by which rows come from a file, has null for NaN. */
function finite(value: number | null | undefined): number {
  return typeof value === "number" && Number.isFinite(value) ? value : NaN;
}

/** The first index whose value is not below `x`, in rising values; their length where all are below. */
export function lowerBound(values: ArrayLike<number>, x: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Of the value nearest to `x`, in rising values; -1 where there are none. */
export function nearestIndex(values: ArrayLike<number>, x: number): number {
  const above = lowerBound(values, x);
  if (above === 0) return values.length === 0 ? -1 : 0;
  if (above === values.length) return above - 1;
  return x - values[above - 1]! <= values[above]! - x ? above - 1 : above;
}
