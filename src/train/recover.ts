// Going on by itself after the GPU device was lost: the run's state is copied to memory now and then, and rebuilt on a new device.
import { AdapterError, DeviceLostError } from "../errors.js";
import { checkNumber, checkOptions } from "../options.js";
import { decodeCheckpoint, type Checkpoint } from "./checkpoint.js";
import type { TrainOptions, TrainProgress } from "./loop.js";

/** Options of `Recovery`. */
export interface RecoveryOptions {
  /** Losses within `within_ms` that it recovers from. 2 by default: browsers block WebGPU after as many. */
  retries?: number;
  /** Five minutes by default. */
  within_ms?: number;
  /** A copy is due after so many steps. By default the time decides: every five seconds, but so that copying takes no more than 2% of the time. */
  every?: number;
  /** Told before a new device is tried. `step` is where the run goes on; null for where it began. */
  onLost?: (error: DeviceLostError, step: number | null) => void;
}

const optionKeys = ["retries", "within_ms", "every", "onLost"];
const least_ms = 5000;
const shareForCopies = 0.02;

/**
 * Keeps a run alive over the loss of its device (a crashed GPU process, a driver that was reset). A device that the program destroyed
 * itself is not replaced.
 *
 * ```ts
 * const recovery = new Recovery();
 * await recovery.run(async (copy) => {
 *   const device = await openDevice();
 *   const { model, optimizer, data } = build(device, copy); // as from a checkpoint; null for a new run
 *   const between = recovery.copying(() => encodeCheckpoint(model, optimizer, state()));
 *   return train({ device, model, optimizer, data, steps, startStep: copy?.state.step ?? 0, between });
 * });
 * ```
 *
 * Range:  retries a whole number >= 0; within_ms > 0; every a whole number >= 1.
 * Throws: UsageError for options out of range.
 */
export class Recovery {
  private readonly retries: number;
  private readonly within_ms: number;
  private losses: number[] = [];
  private newest: { bytes: Uint8Array<ArrayBuffer>; step: number } | null = null;
  private copied_at = performance.now();
  /** What the last copy took, without waiting for steps in flight. */
  private took_ms = 0;

  constructor(private readonly options: RecoveryOptions = {}) {
    checkOptions("Recovery", options, optionKeys);
    this.retries = checkNumber("Recovery", "retries", options.retries ?? 2, { min: 0, integer: true });
    this.within_ms = checkNumber("Recovery", "within_ms", options.within_ms ?? 300_000, { above: 0 });
    if (options.every !== undefined) checkNumber("Recovery", "every", options.every, { min: 1, integer: true });
  }

  /** The newest copy: a checkpoint's bytes and its step. Null before the first. */
  get copy(): { readonly bytes: Uint8Array<ArrayBuffer>; readonly step: number } | null {
    return this.newest;
  }

  /** Takes over a checkpoint that was made anyway, as the newest copy. `took_ms`, what making it took, decides when the next is due. */
  keep(bytes: Uint8Array<ArrayBuffer>, step: number, took_ms = this.took_ms): void {
    this.took_ms = took_ms;
    this.newest = { bytes, step };
    this.copied_at = performance.now();
  }

  /** Whether a copy should be made after this step. */
  due(step: number): boolean {
    if (this.options.every !== undefined) return step % this.options.every === 0 && step !== this.newest?.step;
    return performance.now() - this.copied_at > Math.max(least_ms, this.took_ms / shareForCopies);
  }

  /** For `train({ between })`: copies what `encode` gives, a checkpoint of the moment, whenever that is due. */
  copying(encode: (progress: TrainProgress) => Promise<Uint8Array<ArrayBuffer>>): NonNullable<TrainOptions["between"]> {
    const copy = async (progress: TrainProgress, settle: () => Promise<void>) => {
      await settle();
      const started = performance.now();
      const bytes = await encode(progress);
      this.keep(bytes, progress.step, performance.now() - started);
    };
    return (progress, settle) => (this.due(progress.step) ? copy(progress, settle) : undefined);
  }

  /**
   * Carries out `attempt`, and again with the newest copy each time that its device is lost. An attempt opens a device, trains, and
   * closes what it made, also when it fails.
   *
   * Throws: DeviceLostError, with what to do, when the budget is spent, no adapter is to be had after a loss, or the program itself
   *         destroyed the device; else what the attempt throws.
   */
  async run<T>(attempt: (copy: Checkpoint | null) => Promise<T>): Promise<T> {
    let lost: DeviceLostError | null = null;
    for (;;) {
      try {
        this.copied_at = performance.now();
        return await attempt(this.newest && decodeCheckpoint(this.newest.bytes));
      } catch (error) {
        if (lost && error instanceof AdapterError) throw this.blocked(lost, error);
        if (!(error instanceof DeviceLostError) || error.reason === "destroyed") throw error;
        lost = error;
      }
      this.spend(lost);
      this.options.onLost?.(lost, this.newest?.step ?? null);
    }
  }

  private spend(error: DeviceLostError): void {
    const now = performance.now();
    this.losses = [...this.losses.filter((at) => now - at < this.within_ms), now];
    if (this.losses.length <= this.retries) return;
    const count = this.losses.length;
    const times = count === 1 ? "once" : `${count} times within ${Math.ceil((now - this.losses[0]!) / 1000)} s`;
    throw new DeviceLostError(`train: the GPU was lost ${times}, and no further device is tried, ${error.message}; ${this.wayOut()}`, "unknown", { cause: error });
  }

  private blocked(lost: DeviceLostError, cause: AdapterError): DeviceLostError {
    return new DeviceLostError(`train: the GPU was lost and there is no other: the browser has blocked WebGPU, ${lost.message}; ${this.wayOut()}`, "unknown", { cause });
  }

  private wayOut(): string {
    return "reload the page or restart the browser, then go on from the last checkpoint; if it comes back, train a smaller model or update the graphics driver";
  }
}
