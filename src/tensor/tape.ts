// The tape: what each op saved for the walk back over it (backward.ts).
import { GradError, UsageError } from "../errors.js";
import type { PoolBuffer } from "../gpu/buffers.js";
import type { Shape } from "../shape.js";
import { anomalyWatch } from "./anomaly.js";
import type { DType } from "./dtype.js";
import { Tensor } from "./tensor.js";

/**
 * Vector-Jacobian product: gradients of the inputs, given the gradient of the output and the saved tensors.
 * `needs[i]` tells whether input i wants one; null stands for none. Returned tensors have the inputs' shapes and dtypes.
 */
export type Vjp<S extends readonly Tensor[]> = (
  dy: Tensor,
  saved: S,
  needs: readonly boolean[],
  gradients: GradientTargets,
) => readonly (Tensor | null)[];

/**
 * Where a vjp may put its gradients so that they need no copy and no later addition. All of it is optional: a fresh
 * tensor is always right. Ask for one input's memory once.
 */
export interface GradientTargets {
  /** Memory for the whole gradient of input i: a leaf's own slot of the gradient arena where that is free, else fresh. Every element must be written. */
  empty(i: number): Tensor;
  /** What other uses of input i, not a leaf, have contributed already; or null. Who takes it returns its sum with the own part, in other memory. */
  take(i: number): Tensor | null;
  /** The gradient that leaf i has already, to be added to in place and returned; null where it has none. */
  accumulated(i: number): Tensor | null;
  /** Memory [chunks, ...shape] for partial sums of the gradient of input i, which must be f32; see PartialSums. */
  partials(i: number, chunks: number): PartialSums;
  /** Launches the sums that wait for the end of the pass. For a vjp that runs a backward pass of its own. */
  settle(): void;
}

/** Write `memory`, then ask for `sum` and return it: the sum over the chunks, made by one launch for the whole backward pass at its end. */
export interface PartialSums {
  readonly memory: Tensor;
  readonly sum: Tensor;
}

export interface Recording<S extends readonly Tensor[]> {
  /** The op as the user typed it. */
  op: string;
  inputs: readonly Tensor[];
  output: Tensor;
  /**
   * Tensors that `vjp` reads: kept alive until backward whatever the caller disposes, and checked for in-place
   * changes. `vjp` gets fresh handles of them and must use no other tensor.
   */
  saved: S;
  vjp: Vjp<S>;
}

let gradMode = true;
/** Inputs of ops under noGrad that require a gradient, where somebody asks. */
let met: Set<Tensor> | null = null;
let sequence = 0;

/**
 * Runs `fn` without recording: outputs need no gradient.
 *
 * Throws: UsageError if `fn` is asynchronous: what follows its first await would be recorded.
 */
export function noGrad<T>(fn: () => T): T {
  const result = withGradMode(false, fn);
  if (result instanceof Promise) {
    // The caller gets this error instead.
    result.catch(() => {});
    throw new UsageError("noGrad: the function returned a promise, and what follows its first await would be recorded; await outside");
  }
  return result;
}

/** False inside `noGrad`. */
export function isGradEnabled(): boolean {
  return gradMode;
}

/** Runs `fn` with recording on or off. */
export function withGradMode<T>(enabled: boolean, fn: () => T): T {
  const before = gradMode;
  gradMode = enabled;
  try {
    return fn();
  } finally {
    gradMode = before;
  }
}

/** One ownership of a tensor's memory, from record to backward. */
class SavedTensor {
  private readonly memory: PoolBuffer;
  private readonly version: number;
  private readonly offset_bytes: number;

  constructor(private readonly tensor: Tensor) {
    this.memory = tensor.memory.retain();
    this.version = this.memory.version;
    this.offset_bytes = tensor.buffer.offset_bytes;
  }

  get changed(): boolean {
    return this.memory.version !== this.version;
  }

  /** A handle for the vjp; the scope around it disposes it. */
  open(): Tensor {
    const { device, shape, dtype } = this.tensor;
    return new Tensor(device, shape, dtype, this.memory.retain(), this.offset_bytes);
  }

  release(): void {
    this.memory.release();
  }
}

/** One recorded op. */
export class TapeNode {
  readonly sequence = ++sequence;
  readonly op: string;
  /** Where each input's gradient goes: the node that computed it, or the leaf itself. */
  readonly sources: readonly (TapeNode | Tensor | null)[];
  /** Of the inputs. */
  readonly shapes: readonly Shape[];
  readonly dtypes: readonly DType[];
  private saved: SavedTensor[] | null;
  private readonly vjp: Vjp<readonly Tensor[]>;
  private outputDropped = false;
  /** How many nodes have this one as a source. */
  private consumers = 0;

  constructor({ op, inputs, saved, vjp }: Recording<readonly Tensor[]>) {
    this.op = op;
    this.sources = inputs.map((input) => (input.requiresGrad ? (input.node ?? input) : null));
    this.shapes = inputs.map((input) => input.shape);
    this.dtypes = inputs.map((input) => input.dtype);
    this.saved = saved.map((tensor) => new SavedTensor(tensor));
    this.vjp = vjp;
  }

  /** Throws unless `run` can run: nothing is touched by a backward that must fail. */
  checkUsable(): void {
    if (!this.saved) {
      throw new GradError(`backward: the tape of ${this.op} was already used; pass { retainGraph: true } to the first backward`);
    }
    if (this.saved.some((saved) => saved.changed)) {
      throw new GradError(`backward: a tensor that ${this.op} saved was changed in place; change it after backward`);
    }
  }

  run(dy: Tensor, gradients: GradientTargets): readonly (Tensor | null)[] {
    const saved = (this.saved ?? []).map((entry) => entry.open());
    return this.vjp(dy, saved, this.sources.map((source) => source !== null), gradients);
  }

  /** Releases what was saved. */
  free(): void {
    for (const entry of this.saved ?? []) entry.release();
    this.saved = null;
  }

  /** The output tensor is gone. Later nodes may still lead here, so only an unreachable node frees itself. */
  dropOutput(): void {
    this.outputDropped = true;
    if (this.consumers === 0) this.freeUnreachable();
  }

  addConsumer(): void {
    this.consumers++;
  }

  private freeUnreachable(): void {
    const stack: TapeNode[] = [this];
    for (let node = stack.pop(); node; node = stack.pop()) {
      node.free();
      for (const source of node.sources) {
        if (source instanceof TapeNode && --source.consumers === 0 && source.outputDropped) stack.push(source);
      }
    }
  }
}

/** Puts an op's output on the tape when an input needs a gradient. Returns the output. */
export function record<const S extends readonly Tensor[]>(recording: Recording<S>): Tensor {
  const result = recordWhereNeeded(recording);
  anomalyWatch()?.made(recording.op, recording.inputs, recording.output);
  return result;
}

function recordWhereNeeded<const S extends readonly Tensor[]>(recording: Recording<S>): Tensor {
  const { inputs, output } = recording;
  if (!inputs.some((input) => input.requiresGrad)) return output;
  if (gradMode) return recordAlways(recording);
  if (met) for (const input of inputs) if (input.requiresGrad) met.add(input);
  return output;
}

/** Puts an op on the tape whatever its inputs need: its vjp reaches leaves that are none of them. */
export function recordAlways<const S extends readonly Tensor[]>(recording: Recording<S>): Tensor {
  const { output } = recording;
  output.node = new TapeNode(recording as unknown as Recording<readonly Tensor[]>);
  for (const source of output.node.sources) if (source instanceof TapeNode) source.addConsumer();
  return output;
}

/** Runs `fn` without recording, and gives the tensors from which backward would have gone on, none where it would not have recorded. */
export function withoutTape<T>(fn: () => T): { result: T; met: Tensor[] } {
  const before = met;
  const found = (met = new Set<Tensor>());
  try {
    const result = withGradMode(false, fn);
    return { result, met: [...found] };
  } finally {
    met = before;
  }
}

/** How many nodes were made so far: later ones have a greater `sequence`. */
export function tapeLength(): number {
  return sequence;
}
