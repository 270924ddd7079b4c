// Rows of metrics on their way out: to the page a few times a second, to the storage about once a second.
import type { RunMetrics, SharpnessRow, StepRow, ValidationRow } from "../protocol.js";

const told_ms = 120;
const stored_ms = 1500;

export interface RowSinks {
  tell: (rows: RunMetrics) => void;
  /** In order; never awaited by whoever adds rows. */
  store: (rows: RunMetrics) => void;
}

/** No timers: a row that comes looks at the clock, and `flush` sends what is left. */
export class RowBundle {
  private untold = none();
  private unstored = none();
  private toldAt = performance.now();
  private storedAt = performance.now();

  constructor(private readonly sinks: RowSinks) {}

  step(row: StepRow): void {
    this.untold.steps.push(row);
    this.unstored.steps.push(row);
    this.sendWhereDue();
  }

  validation(row: ValidationRow): void {
    this.untold.validations.push(row);
    this.unstored.validations.push(row);
    this.sendWhereDue();
  }

  sharpness(row: SharpnessRow): void {
    this.untold.sharpness.push(row);
    this.unstored.sharpness.push(row);
    this.sendWhereDue();
  }

  flush(): void {
    this.tell();
    this.store();
  }

  /** Forgets rows after `step` that nobody has got yet. */
  rewind(step: number): void {
    for (const rows of [this.untold, this.unstored]) {
      rows.steps = rows.steps.filter((row) => row.step <= step);
      rows.validations = rows.validations.filter((row) => row.step <= step);
      rows.sharpness = rows.sharpness.filter((row) => row.step <= step);
    }
  }

  private sendWhereDue(): void {
    const now = performance.now();
    if (now - this.toldAt > told_ms) this.tell();
    if (now - this.storedAt > stored_ms) this.store();
  }

  private tell(): void {
    this.toldAt = performance.now();
    if (isEmpty(this.untold)) return;
    this.sinks.tell(this.untold);
    this.untold = none();
  }

  private store(): void {
    this.storedAt = performance.now();
    if (isEmpty(this.unstored)) return;
    this.sinks.store(this.unstored);
    this.unstored = none();
  }
}

const none = (): RunMetrics => ({ steps: [], validations: [], sharpness: [] });
const isEmpty = ({ steps, validations, sharpness }: RunMetrics) => steps.length + validations.length + sharpness.length === 0;
