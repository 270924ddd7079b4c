// What a chart shows now: the points of all drawn runs within the shown range, few enough to draw at every frame.
import { drawn } from "../state/runs.js";
import type { RunId } from "../protocol.js";
import type { ChartSpec, Curve, Mark } from "./chart_specs.js";
import { columnEdges, decimate, spreadMarks, type Points } from "./decimate.js";
import { lookOfSlot, runLooks, type RunLook } from "./run_look.js";
import { columnsOf, shownRange, smoothing, toggledLog, xAxis, xLog } from "./state.js";

export interface DrawnCurve extends Omit<Curve, "x" | "y"> {
  run: RunId;
  runName: string;
  look: RunLook;
  points: Points;
}

export interface DrawnMark extends Mark {
  look: RunLook;
  x: number;
  y: number | null;
}

/** Of pixels: a mark must be apart from the next to be seen. */
const markSpacing = 8;

export const isLog = ({ id, log = false }: ChartSpec): boolean => log !== toggledLog.value.has(id);

export function lookOf(run: RunId): RunLook {
  return runLooks.value.get(run) ?? lookOfSlot(0);
}

/** Whether any drawn run has something for this chart. */
export function hasData(spec: ChartSpec): boolean {
  return drawn.value.some((run) => spec.curves(columnsOf(run), xAxis.value, smoothing.value).some(({ y }) => y.some((value) => value === value)));
}

/** Subscribes an effect to everything that a drawing of the chart depends on, without the work. */
export function watchChart(spec: ChartSpec): void {
  shownRange.value;
  isLog(spec);
  runLooks.value;
  for (const run of drawn.value) columnsOf(run);
}

/**
 * In the order in which they are drawn: faint ones first, whichever run they are of, and the selected run's last, over all others.
 * `columns`: the pixels that the plot is wide.
 */
export function chartCurves(spec: ChartSpec, columns: number): DrawnCurve[] {
  const edges = columnEdges(...shownRange.value, columns, xLog.value);
  const log = isLog(spec);
  const curves = drawn.value.flatMap((run) =>
    spec.curves(columnsOf(run), xAxis.value, smoothing.value).map(({ name, style, x, y }) => ({
      name, style, run: run.record.id, runName: run.record.name, look: lookOf(run.record.id), points: decimate(x, y, edges, log),
    })),
  );
  curves.reverse();
  return [...curves.filter(({ style }) => style === "faint"), ...curves.filter(({ style }) => style !== "faint")];
}

export function chartMarks(spec: ChartSpec, columns: number): DrawnMark[] {
  if (!spec.marks) return [];
  const edges = columnEdges(...shownRange.value, Math.max(1, Math.floor(columns / markSpacing)), xLog.value);
  const log = isLog(spec);
  return drawn.value.flatMap((run) => {
    const known = columnsOf(run);
    const [{ x, y }] = spec.curves(known, xAxis.value, smoothing.value) as [Curve];
    const flags = known.steps.flags.values;
    return spec.marks!.flatMap((mark) =>
      spreadMarks(x, (i) => (flags[i]! & mark.flag) !== 0, edges).map((i) => {
        const value = y[i]!;
        return { ...mark, look: lookOf(run.record.id), x: x[i]!, y: value === value && (!log || value > 0) ? value : null };
      }),
    );
  });
}
