// The charts: what each draws of a run, and how it says its numbers.
import { duration } from "../layout/format.js";
import { clippedFlag, skippedFlag, type RunColumns } from "./columns.js";

export type XAxis = "step" | "time";

/** faint: behind the others. points: few, each with a mark. edge: a limit and no measurement. */
export type LineStyle = "line" | "faint" | "points" | "edge";

export interface Curve {
  /** Beside the run's name. */
  name: string;
  style: LineStyle;
  x: Float64Array;
  y: Float64Array;
}

export interface Mark {
  kind: "clipped" | "skipped";
  /** What it marks: bits of flags. */
  flag: number;
}

export interface ChartSpec {
  id: string;
  title: string;
  /** What the values are; of the y axis. */
  label: string;
  /** For the tooltip: what one sees in it. */
  help: string;
  /** Log axes from the start. */
  log?: boolean;
  curves: (columns: RunColumns, axis: XAxis, smoothing: number) => Curve[];
  marks?: readonly Mark[];
  /** Shown only where a drawn run has such rows. */
  optional?: boolean;
}

const xOf = (rows: Record<"step" | "seconds", { values: Float64Array }>, axis: XAxis) => (axis === "step" ? rows.step : rows.seconds).values;

function ofSteps(column: "lr" | "gradNorm" | "tokensPerSecond", name: string): ChartSpec["curves"] {
  return ({ steps }, axis) => [{ name, style: "line", x: xOf(steps, axis), y: steps[column].values }];
}

export const chartSpecs: readonly ChartSpec[] = [
  {
    id: "loss",
    title: "Loss",
    label: "nats per token",
    help: "How surprised the model is by the next token. Thin: each batch; thick: smoothed; points: text it never trains on.",
    curves: ({ steps, validations }, axis, smoothing) => [
      ...(smoothing > 0 ? [{ name: "each batch", style: "faint" as const, x: xOf(steps, axis), y: steps.loss.values }] : []),
      { name: "training", style: "line", x: xOf(steps, axis), y: smoothing > 0 ? steps.smooth.values : steps.loss.values },
      { name: "validation", style: "points", x: xOf(validations, axis), y: validations.loss.values },
    ],
  },
  {
    id: "exact-match",
    title: "Exact match",
    label: "share of answers",
    help: "Share of a toy task's held-out answers that are right in every token.",
    optional: true,
    curves: ({ validations }, axis) => [{ name: "exact match", style: "points", x: xOf(validations, axis), y: validations.exactMatch.values }],
  },
  {
    id: "lr",
    title: "Learning rate",
    label: "rate used by the kernel",
    help: "The rate that the update kernel multiplied with at each step, read back from the GPU.",
    curves: ofSteps("lr", "rate"),
  },
  {
    id: "grad-norm",
    title: "Gradient norm",
    label: "norm before clipping",
    help: "Length of the whole gradient before clipping. Triangles: steps that were clipped; crosses: steps skipped because it was not finite.",
    log: true,
    curves: ofSteps("gradNorm", "norm"),
    marks: [
      { kind: "clipped", flag: clippedFlag },
      { kind: "skipped", flag: skippedFlag },
    ],
  },
  {
    id: "speed",
    title: "Speed",
    label: "tokens per second",
    help: "Tokens of training text a second, smoothed.",
    curves: ofSteps("tokensPerSecond", "tokens per second"),
  },
  {
    id: "sharpness",
    title: "Sharpness",
    label: "curvature along the sharpest direction",
    help: "How strongly the loss curves. Above the dashed edge (2/rate for plain gradient descent) steps overshoot by more than they correct.",
    log: true,
    optional: true,
    curves: ({ sharpness }, axis) => [
      { name: "sharpness", style: "points", x: xOf(sharpness, axis), y: sharpness.sharpness.values },
      { name: "edge of stability", style: "edge", x: xOf(sharpness, axis), y: sharpness.edge.values },
    ],
  },
];

/** A number in a legend or table. */
export function shortNumber(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "none";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}

export function xText(x: number, axis: XAxis): string {
  return axis === "step" ? `step ${Math.round(x)}` : duration(x);
}
