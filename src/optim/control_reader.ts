// Reading the step counter back: for whoever asks, and now and then in the background, so that the step table can follow it.
import { UsageError } from "../errors.js";
import type { ControlBlock, ControlReading } from "./control.js";
import type { StepCounter } from "./step_counter.js";
import type { StepTable } from "./step_table.js";

export class ControlReader {
  private refreshing = false;
  private failure: unknown = null;

  constructor(
    private readonly where: string,
    private readonly control: ControlBlock,
    private readonly counter: StepCounter,
    private readonly table: StepTable,
  ) {}

  /** Throws UsageError if steps were skipped because the table had no row for them. */
  async read(): Promise<ControlReading> {
    const mark = this.counter.now;
    const reading = await this.control.read();
    this.counter.learn(reading.step, mark);
    if (reading.rowMissed) {
      throw new UsageError(
        `${this.where}: steps found no learning rate in the step table and were skipped, got ${reading.skipped} skipped steps in all; ` +
          `more than ${Math.floor(this.table.capacity / 2)} gradients were not finite since the counter was last read: await stats() now and then`,
      );
    }
    return reading;
  }

  /** Learns the counter in the background. */
  refresh(): void {
    if (this.refreshing) return;
    this.refreshing = true;
    this.read()
      .catch((error: unknown) => (this.failure ??= error))
      .finally(() => (this.refreshing = false));
  }

  /** Throws what a refresh met, once. */
  throwFailure(): void {
    const { failure } = this;
    this.failure = null;
    if (failure) throw failure;
  }
}
