// Which line is which run, and what it says at the cursor.
import { drawn, type Run } from "../state/runs.js";
import { lookOf } from "./chart_lines.js";
import { shortNumber, xText, type ChartSpec } from "./chart_specs.js";
import { clippedFlag, nearestIndex, skippedFlag, type RunColumns } from "./columns.js";
import type { RunLook } from "./run_look.js";
import { columnsOf, cursor, smoothing, xAxis } from "./state.js";

export interface Reading {
  run: Run;
  look: RunLook;
  values: { name: string; text: string }[];
}

/** What each drawn run's curves are nearest to x, from all its rows; null for their last values. */
export function readingsOf(spec: ChartSpec, x: number | null): Reading[] {
  return drawn.value.map((run) => {
    const columns = columnsOf(run);
    const values = spec.curves(columns, xAxis.value, smoothing.value).flatMap((curve) => {
      const i = x === null ? curve.y.length - 1 : nearestIndex(curve.x, x);
      return i < 0 ? [] : [{ name: curve.name, text: shortNumber(curve.y[i]) + (spec.marks ? fateOf(columns, i) : "") }];
    });
    return { run, look: lookOf(run.record.id), values };
  });
}

function fateOf({ steps }: RunColumns, i: number): string {
  const flags = steps.flags.values[i] ?? 0;
  return flags & skippedFlag ? " (skipped)" : flags & clippedFlag ? " (clipped)" : "";
}

export function Legend({ spec }: { spec: ChartSpec }) {
  const x = cursor.value;
  return (
    <figcaption class="chart-legend">
      <span class="muted">{x === null ? "last values" : xText(x, xAxis.value)}</span>
      {readingsOf(spec, x).map(({ run, look, values }) => (
        <span class="chart-reading" key={run.record.id}>
          <Swatch look={look} />
          <b>{run.record.name}</b> {values.length === 0 ? "nothing yet" : values.map(({ name, text }) => `${name} ${text}`).join(", ")}
        </span>
      ))}
    </figcaption>
  );
}

/** A run's line, as charts draw it. */
export function Swatch({ look }: { look: RunLook }) {
  return (
    <svg class="swatch" width="28" height="10" aria-hidden="true">
      <line x1="0" y1="5" x2="28" y2="5" stroke={`var(${look.color})`} stroke-width="2.5" stroke-dasharray={look.dash.join(" ")} />
    </svg>
  );
}
