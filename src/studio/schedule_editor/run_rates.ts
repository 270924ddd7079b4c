// What the run in front did so far: the rates that its kernel used, where it is, and how sharp it was.
import { computed } from "@preact/signals";
import { columnEdges, decimate } from "../charts/decimate.js";
import { columnsOf } from "../charts/state.js";
import { selected, training } from "../state/runs.js";
import { stabilityOf } from "./stability.js";
import { edited } from "./state.js";

/** The one that trains, else the selected one. */
export const shownRun = computed(() => training.value ?? selected.value);

/** Rates of the first group over steps 0 to `steps`, no more points than a plot of `width` shows. A row with n steps taken used the rate of t = n - 1. */
export function usedRates(steps: number, width: number): [number, number][] {
  const run = shownRun.value;
  if (!run) return [];
  const table = columnsOf(run).steps;
  const { x, y } = decimate(table.step.values, table.lr.values, columnEdges(0, steps + 1, Math.max(10, Math.round(width)), false));
  return x.flatMap((step, i): [number, number][] => (y[i] === null || step < 1 ? [] : [[step - 1, y[i]!]]));
}

/** Steps that the run in front has taken. */
export const stepsTaken = computed(() => {
  const run = shownRun.value;
  if (!run) return null;
  run.metrics.version.value;
  return Math.max(run.record.step, run.metrics.steps.at(-1)?.step ?? 0);
});

/** Rates at the edge of stability, where the selected run measured them. */
export const edges = computed(() => {
  const run = shownRun.value;
  if (!run) return [];
  run.metrics.version.value;
  return run.metrics.sharpness.filter(({ threshold }) => threshold > 0 && threshold < Infinity).map(({ step, threshold }): [number, number] => [step, threshold]);
});

export const stability = computed(() => {
  const run = shownRun.value;
  if (!run || !edited.value || edited.value.isOpen) return null;
  run.metrics.version.value;
  return stabilityOf(edited.value, run.metrics.sharpness);
});
