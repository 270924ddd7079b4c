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

  append({ steps, validations, sharpness }: Rows): void {
    for (const row of steps) this.steps.push(row);
    for (const row of validations) this.validations.push(row);
    for (const row of sharpness) this.sharpness.push(row);
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
