// The probe: moves a model's parameters about, reads losses and gradients there, and leaves no trace.
import { UsageError } from "../errors.js";
import type { Device } from "../gpu/device.js";
import type { Optimizer, OptimizerSnapshot } from "../optim/index.js";
import { lambda } from "../schedule/index.js";
import { keep, scope } from "../tensor/scope.js";
import { backward } from "../tensor/backward.js";
import { noGrad } from "../tensor/tape.js";
import { empty, Tensor } from "../tensor/tensor.js";
import { groupRates } from "./group_rates.js";
import type { HostVector } from "./host_vectors.js";
import { handled } from "./in_flight.js";
import { ModelState } from "./model_state.js";
import { checkTarget, type TuneTarget } from "./target.js";

/** At one place in parameter space, over one or more batches. */
export interface LossAndGradient {
  /** Mean over the batches. May be NaN or infinite. */
  loss: number;
  /** Its gradient, [probe.size]. Zero where a parameter has no part in the loss. */
  gradient: Float32Array;
}

/** What the optimizer would do next. */
export interface Update extends LossAndGradient {
  /** d, with parameters + alpha * d after a step whose leading group has the learning rate alpha. [probe.size] */
  direction: Float32Array;
  /** The parameters it starts from, [probe.size]. */
  base: Float32Array;
}

/** The update is divided by this rate, a power of two: so large that the parameters' own rounding drops out of it. */
const largeRate = 2 ** 20;
const probing = new WeakSet<Optimizer>();

/**
 * Runs `fn` with a probe on the target, then puts everything back bit for bit: parameters, gradients, moments, counts of
 * steps, options and schedules by identity, buffers, training modes, generators, device memory; also when `fn` rejects,
 * the user's loss throws or the signal aborts.
 *
 * Range:  `where` is the tool's name for its errors; `signal` is looked at before each evaluation.
 * Throws: UsageError for a target that cannot be probed, or that is being probed already; the signal's reason; what `fn` throws.
 */
export async function withProbe<T>(
  where: string,
  target: TuneTarget,
  signal: AbortSignal | undefined,
  fn: (probe: Probe) => Promise<T>,
): Promise<T> {
  checkTarget(where, target);
  signal?.throwIfAborted();
  const { optimizer } = target;
  if (probing.has(optimizer)) throw new UsageError(`${where}: this optimizer is being probed already; await the first tool before the next`);
  probing.add(optimizer);
  try {
    const { step } = await optimizer.stats();
    const probe = new Probe(where, target, step, signal);
    let result: T;
    try {
      result = await fn(probe);
    } catch (error) {
      try {
        probe.close();
      } catch {
        // The first error is the reason: a device or an optimizer that is gone cannot be put back either.
      }
      throw error;
    }
    probe.close();
    return result;
  } finally {
    probing.delete(optimizer);
  }
}

/**
 * A model whose parameters can be moved and measured. Vectors are flat Float32Arrays on the host, the probed parameters
 * one after the other: simple, exact to one f32 rounding, with float64 sums (host_vectors.ts), and made for models of up
 * to some tens of millions of parameters. Use it through `withProbe`.
 *
 * Evaluations of the same batch at the same place give the same number: generators are put where the batch starts, and
 * buffers that a forward pass changes are put back after it.
 */
export class Probe {
  readonly device: Device;
  /** Those that move: of the optimizer's groups that are not frozen, in their order. */
  readonly parameters: readonly Tensor[];
  /** Elements of all of them. */
  readonly size: number;
  /** Each group's learning rate over that of the leading group, the first that has one. 0 for a frozen group. */
  readonly ratios: readonly number[];
  /** The leading group's rate at this step, or its highest where that is 0; 0 where no group has one. */
  readonly leadingRate: number;
  private readonly snapshot: OptimizerSnapshot;
  private readonly state: ModelState;

  /** Use `withProbe`. `step` is the optimizer's count of steps taken. */
  constructor(
    private readonly where: string,
    readonly target: TuneTarget,
    readonly step: number,
    private readonly signal?: AbortSignal,
  ) {
    const { optimizer, model, generators = [] } = target;
    const live = optimizer.paramGroups.filter((group) => !group.frozen);
    this.parameters = live.flatMap((group) => group.params).filter((tensor) => !tensor.isDisposed);
    this.size = this.parameters.reduce((sum, { size }) => sum + size, 0);
    if (this.size === 0) throw new UsageError(`${where}: needs a parameter to move, got only frozen or empty ones`);
    this.device = this.parameters[0]!.device;
    const { leading, ratios } = groupRates(live.map((group) => group.lr), step);
    this.leadingRate = leading;
    this.ratios = optimizer.paramGroups.map((group) => (group.frozen ? 0 : ratios[live.indexOf(group)]!));
    this.snapshot = optimizer.snapshot();
    try {
      this.state = new ModelState(model ?? null, generators, optimizer.parameters);
    } catch (error) {
      this.snapshot.dispose();
      throw error;
    }
  }

  /** The loss of a batch at the parameters' present place: a forward pass. Launched at once, read when it is there. */
  loss(batch: number): Promise<number> {
    this.begin(batch);
    const { value } = scope(() => ({ value: noGrad(() => this.lossOf(batch)).item() }));
    this.state.restoreBuffers();
    return handled(value);
  }

  /** The mean loss over batches at the parameters' present place. */
  meanLoss(batches: readonly number[]): Promise<number> {
    return meanOf(batches.map((batch) => this.loss(batch)));
  }

  /** Mean loss and gradient over batches at the parameters' present place. */
  gradient(batches: readonly number[]): Promise<LossAndGradient> {
    const loss = this.backwardOver(batches);
    return this.readGradient(loss, batches.length);
  }

  /**
   * The optimizer's own next update, with its moments, clipping and decay as they are: one step taken from the state as
   * it was found, differenced and undone. Everything is back at that state afterwards.
   */
  async update(batches: readonly number[]): Promise<Update> {
    const { optimizer } = this.target;
    this.restore();
    const base = this.values();
    const loss = this.backwardOver(batches);
    const measured = this.readGradient(loss, batches.length);
    this.setRates(() => largeRate);
    optimizer.step({ accumulated: batches.length });
    const moved = this.values();
    this.restore();
    const [start, end, { loss: value, gradient }] = await Promise.all([base, moved, measured]);
    return { loss: value, gradient, base: start, direction: end.map((after, i) => (after - start[i]!) / largeRate) };
  }

  /** One training step on a batch; resolves to its loss before the step. Buffers and moments go on as in training. */
  trainStep(batch: number): Promise<number> {
    const loss = handled(this.backwardOver([batch], false));
    this.target.optimizer.step();
    return loss;
  }

  /** Makes lr(t) the learning rate of the leading group, t counted from the state as it was found; the others keep their ratio to it. */
  setRates(lr: (t: number) => number): void {
    this.target.optimizer.paramGroups.forEach((group, i) => {
      if (!group.frozen) group.lr = lambda((t) => this.ratios[i]! * lr(Math.max(0, t - this.step)));
    });
  }

  /** The parameters' present values, [size]. */
  values(): Promise<Float32Array> {
    return this.gather(this.parameters);
  }

  /** Sets all parameters, [size]. */
  place(values: HostVector): void {
    this.placeAlong(values, 0, values);
  }

  /** Sets all parameters to base + alpha * direction, rounded once to f32. */
  placeAlong(base: HostVector, alpha: number, direction: HostVector): void {
    if (base.length !== this.size || direction.length !== this.size) {
      throw new UsageError(`${this.where}: a vector must have ${this.size} elements, got ${base.length} and ${direction.length}`);
    }
    const values = Float32Array.from(base);
    if (alpha !== 0) for (let i = 0; i < values.length; i++) values[i] = base[i]! + alpha * direction[i]!;
    let start = 0;
    for (const tensor of this.parameters) {
      const end = start + tensor.size;
      if (end > start) tensor.set(values.subarray(start, end));
      start = end;
    }
  }

  /** phi(alpha): the mean loss over batches at base + alpha * direction. */
  lossAlong(base: HostVector, direction: HostVector, batches: readonly number[]): (alpha: number) => Promise<number> {
    return (alpha) => {
      this.placeAlong(base, alpha, direction);
      return this.meanLoss(batches);
    };
  }

  /** Everything as it was found. */
  restore(): void {
    this.state.restore();
    this.snapshot.restore();
  }

  /** Throws the signal's reason once it is aborted. */
  checkSignal(): void {
    this.signal?.throwIfAborted();
  }

  /** Puts everything back and frees the copies. Called by `withProbe`. */
  close(): void {
    try {
      this.restore();
    } finally {
      this.state.dispose();
      this.snapshot.dispose();
    }
  }

  private begin(batch: number): void {
    this.checkSignal();
    this.state.seed(batch);
  }

  /** What the user's function gives, checked. */
  private lossOf(batch: number): Tensor {
    const loss: unknown = this.target.loss(batch);
    if (loss instanceof Promise) {
      loss.catch(() => {});
      throw new UsageError(`${this.where}: loss must return a tensor, got a promise; load the batches before`);
    }
    if (!(loss instanceof Tensor)) throw new UsageError(`${this.where}: loss must return a tensor, got ${typeof loss}`);
    if (loss.size !== 1 || loss.dtype !== "f32") throw new UsageError(`${this.where}: loss must be one f32 number, got ${loss.describe()}; take its mean`);
    return loss;
  }

  /** Leaves the sum of the batches' gradients with the parameters; resolves to the mean loss. */
  private backwardOver(batches: readonly number[], putBackBuffers = true): Promise<number> {
    const { optimizer } = this.target;
    // A gradient that the user assigned is the snapshot's to bring back: zeroGrad() would dispose it.
    for (const tensor of optimizer.parameters) if (tensor.grad !== tensor.gradSlot) tensor.grad = null;
    optimizer.zeroGrad();
    const losses = batches.map((batch) => {
      this.begin(batch);
      const { value } = scope(() => {
        const loss = this.lossOf(batch);
        backward(loss);
        return { value: loss.item() };
      });
      return handled(value);
    });
    if (putBackBuffers) this.state.restoreBuffers();
    return meanOf(losses);
  }

  private readGradient(loss: Promise<number>, count: number): Promise<LossAndGradient> {
    const sums = this.gather(this.parameters.map(({ grad }) => grad));
    return handled(Promise.all([loss, sums]).then(([loss, sums]) => ({ loss, gradient: count === 1 ? sums : sums.map((sum) => sum / count) })));
  }

  /** One host vector of tensors like the parameters, as they are now; zeros for null. One read, whatever their number. */
  private gather(tensors: readonly (Tensor | null)[]): Promise<Float32Array> {
    const flat = keep(empty(this.device, [this.size], "f32", `${this.where} vector`));
    let offset_bytes = 0;
    tensors.forEach((tensor, i) => {
      const { size_bytes } = this.parameters[i]!;
      const target = { ...flat.buffer, offset_bytes, size_bytes };
      offset_bytes += size_bytes;
      if (size_bytes === 0) return;
      if (tensor) this.device.queue.copy(tensor.buffer, target);
      else this.device.queue.clear(target);
    });
    const read = flat.data() as Promise<Float32Array>;
    flat.dispose();
    return handled(read);
  }
}

async function meanOf(values: readonly Promise<number>[]): Promise<number> {
  const read = await Promise.all(values);
  return read.reduce((sum, value) => sum + value, 0) / read.length;
}
