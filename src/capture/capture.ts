import { DisposedError, UsageError } from "../errors.js";
import { Device } from "../gpu/device.js";
import { Pacer } from "../gpu/pacer.js";
import { checkNumber } from "../options.js";
import { anomalyWatch } from "../tensor/anomaly.js";
import { scope, tensorsIn, unscoped } from "../tensor/scope.js";
import type { Tensor } from "../tensor/tensor.js";
import type { FeedFor, Leaf } from "./feed.js";
import { FeedReader } from "./feed_reader.js";
import { Inputs } from "./inputs.js";
import { RecordedStep } from "./recorded_step.js";

/** Recordings kept: one for each signature of inputs and state of gradients. The least recently used one goes first. */
const mostRecordings = 8;

/** What one recording costs. */
export interface CaptureReport {
  /** Shapes and types of the inputs. */
  signature: string;
  /** Dispatches of a replay. */
  dispatches: number;
  /** Memory that the recording holds for itself. */
  bytes: number;
  /** How often it ran, its recording included. */
  runs: number;
}

/** A function of tensors, recorded once and replayed. */
export interface CapturedStep<T, R> {
  (feed?: FeedFor<T>): R;
  /**
   * Resolves once at most `ahead` calls, 2 by default, are unfinished. For a loop that reads nothing: else the host
   * queues steps far faster than the GPU does them. In Node with a software adapter it sleeps meanwhile, because Dawn's
   * binding polls while anything is awaited and takes a core from the adapter.
   */
  ready(ahead?: number): Promise<void>;
  /** The recordings so far. */
  report(): CaptureReport[];
  /** Forgets the recordings: the next call runs the function again. For when it would decide something else on the host. */
  reset(): void;
  /** Gives all memory back. Disposing twice is harmless. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/** What nn.GPT and `train` feed: the default for a function whose parameter has no type. */
export interface TextTensors {
  tokens: Tensor;
  targets: Tensor;
}

/**
 * A step that is recorded at its first call and replayed afterwards: one flat list of dispatches in one pass and one
 * submit, with no graph on the host, no new buffer and no bind group. It computes bit for bit what `fn` computes.
 *
 * Shapes: the call takes what `fn` takes, with a Float32Array, Int32Array, Uint32Array, number or tensor for each
 *         tensor; arrays in an object with a `shape` have that shape. It returns what `fn` returns. Returned tensors are
 *         good until the next call, which writes over them.
 * Range:  what `fn` decides on the host is decided once: layers in train or eval mode, a dropout's p that is a number,
 *         values read from JavaScript variables. What goes on changing: inputs, parameters, learning rates and everything else
 *         in the optimizer's schedules, `optimizer.scalar`, dropout masks. Other shapes, parameters that moved to another
 *         optimizer, or gradients found where there were none make a new recording; `reset()` asks for one. Inputs and results
 *         are not on the tape: backward() belongs into `fn`. A call may be fed what the call before returned.
 * Throws: UsageError where `fn` reads a value back, draws random numbers on the host, calls a captured step, uses another
 *         device, or is asynchronous, and for an input that requires a gradient; DisposedError after dispose().
 * Source: as CUDA graphs; WebGPU has no compute bundles, so the list is encoded again, about 2 us a dispatch.
 */
export function capture<T = TextTensors, R = Tensor>(device: Device, fn: (inputs: T) => R): CapturedStep<T, R> {
  if (!(device instanceof Device) || typeof fn !== "function") {
    throw new UsageError(`capture: needs a device and a function, got ${kindOf(device)} and ${kindOf(fn)}`);
  }
  const step = new Captured(device, fn as (inputs: unknown) => unknown);
  const call = (feed?: FeedFor<T>) => step.call(feed) as R;
  return Object.assign(call, {
    ready: (ahead?: number) => step.ready(ahead),
    report: () => step.report(),
    reset: () => step.reset(),
    dispose: () => step.dispose(),
    [Symbol.dispose]: () => step.dispose(),
  });
}

interface Entry {
  signature: string;
  recorded: RecordedStep;
  runs: number;
}

class Captured {
  /** The most recently used last. */
  private entries: Entry[] = [];
  private readonly reader: FeedReader;
  private readonly pacer: Pacer;
  private unfinished: Promise<void>[] = [];
  private disposed = false;
  private plainResults: Iterable<Tensor> = [];

  constructor(
    private readonly device: Device,
    private readonly fn: (inputs: unknown) => unknown,
  ) {
    this.reader = new FeedReader(device);
    this.pacer = new Pacer(device);
  }

  call(feed: unknown): unknown {
    if (this.disposed) throw new DisposedError("capture: called after dispose()");
    this.device.checkUsable();
    if (this.device.queue.recording) throw new UsageError("capture: a captured step is called inside another; call its function instead");
    const { leaves, signature } = this.reader.read(feed);
    if (anomalyWatch()) return this.runPlain(leaves);
    const entry = this.entryFor(signature, leaves);
    // The call before may have returned what this one is fed.
    entry.recorded.feed(leaves);
    for (const { recorded } of this.entries) recorded.closeResults();
    this.forget(entry);
    entry.runs++;
    return entry.recorded.run();
  }

  async ready(ahead = 2): Promise<void> {
    checkNumber("ready", "ahead", ahead, { min: 0, integer: true });
    this.device.checkUsable();
    this.device.queue.flush();
    this.unfinished.push(this.finished());
    while (this.unfinished.length > ahead) await this.unfinished.shift();
    this.device.checkUsable();
  }

  report(): CaptureReport[] {
    return this.entries.map(({ signature, recorded, runs }) => {
      const { dispatches, size_bytes } = recorded.report;
      return { signature, dispatches, bytes: size_bytes, runs };
    });
  }

  reset(): void {
    for (const tensor of this.plainResults) tensor.dispose();
    this.plainResults = [];
    for (const { recorded } of this.entries) recorded.dispose();
    this.entries = [];
  }

  dispose(): void {
    this.disposed = true;
    this.reset();
  }

  /** As the function itself: every op is looked at in anomaly mode. The results are good until the next call here too. */
  private runPlain(leaves: readonly Leaf[]): unknown {
    const inputs = unscoped(() => new Inputs(this.device, leaves));
    inputs.write(leaves);
    for (const { recorded } of this.entries) recorded.closeResults();
    for (const tensor of this.plainResults) tensor.dispose();
    const result = unscoped(() => scope(() => this.fn(inputs.open())));
    this.plainResults = tensorsIn(result);
    inputs.dispose();
    return result;
  }

  /** When what was submitted so far is done. */
  private async finished(): Promise<void> {
    const done = this.pacer.submitted();
    await this.pacer.rest();
    await this.device.submittedWorkDone();
    done();
  }

  private entryFor(signature: string, leaves: readonly Leaf[]): Entry {
    const known = this.entries.findLastIndex((entry) => entry.signature === signature && entry.recorded.holds);
    if (known >= 0) {
      const [entry] = this.entries.splice(known, 1);
      this.entries.push(entry!);
      return entry!;
    }
    const entry = { signature, recorded: new RecordedStep(this.device, leaves, this.fn), runs: 0 };
    this.entries.push(entry);
    return entry;
  }

  /** Recordings of tensors that are gone, and the one that was used least recently. */
  private forget(kept: Entry): void {
    const isOver = (entry: Entry) => entry !== kept && entry.recorded.isOver;
    for (const entry of this.entries.filter(isOver)) entry.recorded.dispose();
    this.entries = this.entries.filter((entry) => !isOver(entry));
    if (this.entries.length > mostRecordings) this.entries.shift()!.recorded.dispose();
  }
}

const kindOf = (value: unknown): string => (value === null ? "null" : value instanceof Device ? "a device" : typeof value);
