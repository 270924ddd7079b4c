// What is kept of the run that trains: its record, rows, samples and checkpoints, told to the page and written to the storage.
import type { StepMetrics, ValidationMetrics } from "../../train/index.js";
import type { RunRecord, RunStatus, SharpnessRow, StudioEvent, TrainingSample } from "../protocol.js";
import type { Store } from "../storage/index.js";
import { RowBundle } from "./row_bundle.js";
import { Stopwatch } from "./stopwatch.js";

/** Nothing here is waited for by training, and a storage that is full stops nothing: the run goes on, and its state can be saved as a file. */
export class RunKeeper {
  record: RunRecord;
  /** Runs while the run trains. */
  readonly clock: Stopwatch;
  private readonly rows: RowBundle;
  /** Writes to the storage, one after the other. */
  private writing: Promise<void> = Promise.resolve();
  /** Whether the last checkpoint could be stored. */
  private isStoring = true;
  /** Checkpoints that wait to be written. */
  private unwritten = 0;

  constructor(
    private readonly store: Store,
    private readonly tell: (event: StudioEvent) => void,
    record: RunRecord,
  ) {
    this.record = record;
    this.clock = new Stopwatch(record.trainedSeconds);
    this.rows = new RowBundle({
      tell: (rows) => tell({ kind: "rows", run: record.id, ...rows }),
      store: (rows) => this.write(() => store.appendMetrics(record.id, rows)),
    });
  }

  update(changed: Partial<RunRecord>): void {
    this.record = { ...this.record, ...changed };
    this.tell({ kind: "record", record: this.record, elsewhere: false });
  }

  setStatus(status: RunStatus, message: string | null = null): void {
    this.update({ status, message, trainedSeconds: this.clock.seconds });
    this.keepRecord();
  }

  /** Writes the record as it is now. */
  keepRecord(): void {
    const { record } = this;
    this.write(() => this.store.writeRecord(record));
  }

  step(metrics: StepMetrics): void {
    const { seconds } = this.clock;
    // Not told: the page has the rows.
    this.record = { ...this.record, step: metrics.step, loss: metrics.loss, trainedSeconds: seconds };
    this.rows.step({ ...metrics, seconds });
  }

  validation(metrics: ValidationMetrics): void {
    const { bestValidationLoss, exactMatch = null } = metrics;
    this.rows.validation({ ...metrics, exactMatch, seconds: this.clock.seconds });
    this.update({ bestValidationLoss, exactMatch });
  }

  sharpness(row: SharpnessRow): void {
    this.rows.sharpness(row);
    this.rows.flush();
  }

  sample(sample: TrainingSample): void {
    const { id } = this.record;
    this.tell({ kind: "sample", run: id, ...sample });
    this.write(() => this.store.writeSample(id, sample));
  }

  checkpoint(bytes: Uint8Array<ArrayBuffer>, step: number): void {
    this.rows.flush();
    this.update({ step });
    this.unwritten++;
    this.write(async () => {
      // A slow disk gets the newest only.
      if (--this.unwritten > 0) return;
      await this.store.writeCheckpoint(this.record.id, bytes);
      this.isStoring = true;
      this.update({ savedStep: step });
      await this.store.writeRecord(this.record);
    });
  }

  /** The run goes on from an earlier step, because the GPU was lost. */
  rewind(step: number, reason: string): void {
    const { id, name } = this.record;
    this.clock.stop();
    this.rows.flush();
    this.rows.rewind(step);
    this.write(() => this.store.rewind(id, step));
    this.tell({ kind: "rewound", run: id, step });
    this.update({ step, message: `the GPU was lost (${reason}); continued on a new device at step ${step}` });
    this.notice(`The GPU was lost; "${name}" goes on by itself from step ${step}.`);
  }

  notice(text: string): void {
    this.tell({ kind: "notice", level: "warning", text });
  }

  /** Sends the rows that wait for others. */
  flush(): void {
    this.rows.flush();
  }

  /** Once all that was given is in the storage, or was refused. */
  settled(): Promise<void> {
    return this.writing;
  }

  private write(work: () => Promise<void>): void {
    this.writing = this.writing.then(work).catch((error: unknown) => this.cannotStore(error));
  }

  /** Told once, until a checkpoint is stored again. */
  private cannotStore(error: unknown): void {
    if (!this.isStoring) return;
    this.isStoring = false;
    const { id, name } = this.record;
    const why = error instanceof Error ? error.message : String(error);
    this.tell({ kind: "notice", level: "warning", text: `"${name}" could not be stored, and goes on: ${why}.`, unsaved: id });
  }
}
