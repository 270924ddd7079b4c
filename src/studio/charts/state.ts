// What all charts share: the axes, the zoom, the cursor, and the runs' columns.
import { computed, signal } from "@preact/signals";
import { drawn, type Run } from "../state/runs.js";
import type { MetricsLog } from "../state/metrics_log.js";
import type { XAxis } from "./chart_specs.js";
import { RunColumns } from "./columns.js";

export const xAxis = signal<XAxis>("step");
export const xLog = signal(false);
/** Of the training loss, from 0 (none) to below 1. */
export const smoothing = signal(0.9);
/** What of x is shown; null for all of it. */
export const zoom = signal<readonly [number, number] | null>(null);
/** Where the cursor is, in units of x; null where there is none. */
export const cursor = signal<number | null>(null);
/** Charts whose y axis is not as their spec has it. */
export const toggledLog = signal<ReadonlySet<string>>(new Set());

const columns = new WeakMap<MetricsLog, RunColumns>();

/** Up to date with the run's log. Reading it in an effect subscribes to the log and to the smoothing. */
export function columnsOf({ metrics }: Pick<Run, "metrics">): RunColumns {
  metrics.version.value;
  let known = columns.get(metrics);
  if (!known) columns.set(metrics, (known = new RunColumns(smoothing.value)));
  known.update(metrics, smoothing.value);
  return known;
}

/** Of all drawn runs. */
export const wholeRange = computed<readonly [number, number]>(() => {
  let [min, max] = [Infinity, -Infinity];
  for (const run of drawn.value) {
    const { steps, validations } = columnsOf(run);
    for (const table of [steps, validations]) {
      const x = (xAxis.value === "step" ? table.step : table.seconds).values;
      if (x.length === 0) continue;
      const first = xLog.value ? (x.find((value) => value > 0) ?? Infinity) : x[0]!;
      [min, max] = [Math.min(min, first), Math.max(max, x[x.length - 1]!)];
    }
  }
  if (min > max) return [1, 10];
  return min === max ? [min, min + 1] : [min, max];
});

export const shownRange = computed(() => zoom.value ?? wholeRange.value);

/** Zooms about a place of x: a factor below 1 shows less. All of it where more is asked for than there is. */
export function zoomBy(factor: number, about: number): void {
  const [min, max] = shownRange.value;
  const [low, high] = wholeRange.value;
  const turn = xLog.value ? Math.log : (x: number) => x;
  const back = xLog.value ? Math.exp : (x: number) => x;
  const place = turn(Math.min(Math.max(about, min), max));
  const next = [back(place + (turn(min) - place) * factor), back(place + (turn(max) - place) * factor)] as const;
  if (next[0] <= low && next[1] >= high) zoom.value = null;
  else if (next[1] - next[0] > (high - low) * 1e-6) zoom.value = [Math.max(low, next[0]), Math.min(high, next[1])];
}

/** Moves a zoom by a share of what it shows, up to either end. */
export function panBy(share: number): void {
  if (!zoom.value) return;
  const [low, high] = wholeRange.value;
  const [turn, back] = xLog.value ? [Math.log, Math.exp] : [(x: number) => x, (x: number) => x];
  const [min, max, first, last] = [zoom.value[0], zoom.value[1], low, high].map(turn) as [number, number, number, number];
  const by = Math.max(first - min, Math.min(last - max, (max - min) * share));
  zoom.value = [back(min + by), back(max + by)];
}
