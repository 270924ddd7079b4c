// The rows of one run, kept as columns that only grow: what charts read.
import { signal } from "@preact/signals";
import type { RunMetrics, SharpnessRow, StepRow, ValidationRow } from "../protocol.js";

type Rows = Pick<RunMetrics, "steps" | "validations" | "sharpness">;

export class MetricsLog {
  readonly steps: StepRow[] = [];
  readonly validations: ValidationRow[] = [];
  readonly sharpness: SharpnessRow[] = [];
  /** Goes up with every change: read it to be told. */
  readonly version = signal(0);

  /** Rows that are there already are passed over: stored rows and told ones may overlap. */
  append({ steps, validations, sharpness }: Rows): void {
    addLater(this.steps, steps);
    addLater(this.validations, validations);
    addLater(this.sharpness, sharpness);
    this.version.value++;
  }

  /** Forgets what came after `step`. */
  rewind(step: number): void {
    for (const rows of [this.steps, this.validations, this.sharpness]) {
      const end = rows.findIndex((row) => row.step > step);
      if (end >= 0) rows.length = end;
    }
    this.version.value++;
  }
}

function addLater<Row extends { step: number }>(rows: Row[], more: readonly Row[]): void {
  let last = rows.at(-1)?.step ?? -1;
  for (const row of more) {
    if (row.step <= last) continue;
    rows.push(row);
    last = row.step;
  }
}
