// The tape: what each op saved, and the walk back over it.
import { DisposedError, DTypeError, GradError, UsageError } from "../errors.js";
import type { PoolBuffer } from "../gpu/buffers.js";
import { accumulate, accumulateInPlace } from "../kernels/accumulate.js";
import { checkOptions } from "../options.js";
import { formatShape, sameShape } from "../shape.js";
import { keep, scope } from "./scope.js";
import { empty, emptyLike, Tensor } from "./tensor.js";

/**
 * Vector-Jacobian product: gradients of the inputs, given the gradient of the output and the saved tensors.
 * `needs[i]` tells whether input i wants one; null stands for none. Returned tensors have the inputs' shapes.
 */
export type Vjp<S extends readonly Tensor[]> = (dy: Tensor, saved: S, needs: readonly boolean[]) => readonly (Tensor | null)[];

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

function withGradMode<T>(enabled: boolean, fn: () => T): T {
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
  readonly sequence = sequence++;
  readonly op: string;
  /** Where each input's gradient goes: the node that computed it, or the leaf itself. */
  readonly sources: readonly (TapeNode | Tensor | null)[];
  private saved: SavedTensor[] | null;
  private readonly vjp: Vjp<readonly Tensor[]>;
  private outputDropped = false;
  /** How many nodes have this one as a source. */
  private consumers = 0;

  constructor({ op, inputs, saved, vjp }: Recording<readonly Tensor[]>) {
    this.op = op;
    this.sources = inputs.map((input) => (input.requiresGrad ? (input.node ?? input) : null));
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

  run(dy: Tensor): readonly (Tensor | null)[] {
    const saved = (this.saved ?? []).map((entry) => entry.open());
    return this.vjp(dy, saved, this.sources.map((source) => source !== null));
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
  const { inputs, output } = recording;
  if (!gradMode || !inputs.some((input) => input.requiresGrad)) return output;
  output.node = new TapeNode(recording as unknown as Recording<readonly Tensor[]>);
  for (const source of output.node.sources) if (source instanceof TapeNode) source.addConsumer();
  return output;
}

export interface BackwardOptions {
  /** The cotangent; by default 1 for a scalar. */
  gradient?: Tensor;
  /** Keep the tape for another backward. */
  retainGraph?: boolean;
}

/**
 * Accumulates d(output)/d(leaf) into `leaf.grad` of every leaf that requires a gradient.
 *
 * Throws: GradError if the output is not a scalar and no gradient is given, needs no gradient, or was already used;
 *         DTypeError for a gradient that is not f32; UsageError for one that is no tensor or on another device, or for
 *         an unknown option. Nothing is accumulated then.
 */
export function backward(output: Tensor, options: BackwardOptions = {}): void {
  checkOptions("backward", options, ["gradient", "retainGraph"]);
  if (!(output instanceof Tensor)) throw new UsageError(`backward: needs a tensor, got ${typeof output}`);
  if (!output.requiresGrad) {
    throw new GradError("backward: the tensor does not require a gradient; nothing it was computed from has requiresGrad set");
  }
  if (!options.gradient && output.size !== 1) {
    throw new GradError(`backward: needs a scalar, got ${formatShape(output.shape)}; reduce it, or pass { gradient }`);
  }
  if (options.gradient) checkGradient("gradient", options.gradient, output);
  withGradMode(false, () =>
    scope(() => {
      const seed = options.gradient ? copyOf(options.gradient) : onesLike(output);
      if (!output.node) {
        checkAssigned(output);
        return accumulateInLeaf(output, seed, false);
      }
      const nodes = reachable(output.node);
      for (const node of nodes) {
        node.checkUsable();
        for (const source of node.sources) if (source instanceof Tensor) checkAssigned(source);
      }
      walk(nodes, output.node, seed, options.retainGraph ?? false);
    }),
  );
}

/** Throws unless `gradient` can be one of `x`: kernels would read and write past its end. */
function checkGradient(name: string, gradient: unknown, x: Tensor): void {
  if (!(gradient instanceof Tensor)) throw new UsageError(`backward: ${name} must be a tensor, got ${typeof gradient}`);
  if (gradient.isDisposed) throw new DisposedError(`backward: ${name} ${gradient.describe()} is used after dispose()`);
  if (!sameShape(gradient.shape, x.shape)) {
    throw new GradError(`backward: ${name} has the wrong shape, got ${formatShape(gradient.shape)} for ${formatShape(x.shape)}`);
  }
  if (gradient.dtype !== "f32") throw new DTypeError(`backward: ${name} must be f32, got ${gradient.dtype}; convert it with cast()`);
  if (gradient.device !== x.device) throw new UsageError(`backward: ${name} lives on another device; move it with data() and fromArray()`);
}

/** A leaf's gradient may be one that the user assigned. */
function checkAssigned(leaf: Tensor): void {
  if (leaf.grad && leaf.grad !== leaf.gradSlot) checkGradient("the gradient assigned to a leaf", leaf.grad, leaf);
}

/** Nodes from the output back, later ones first: creation order is a topological order. */
function reachable(root: TapeNode): TapeNode[] {
  const seen = new Set<TapeNode>([root]);
  const stack = [root];
  for (let node = stack.pop(); node; node = stack.pop()) {
    for (const source of node.sources) {
      if (source instanceof TapeNode && !seen.has(source)) {
        seen.add(source);
        stack.push(source);
      }
    }
  }
  return [...seen].sort((a, b) => b.sequence - a.sequence);
}

function walk(nodes: readonly TapeNode[], root: TapeNode, seed: Tensor, retainGraph: boolean): void {
  const gradients = new Map<TapeNode, Tensor>([[root, seed]]);
  for (const node of nodes) {
    const dy = gradients.get(node);
    gradients.delete(node);
    if (!dy) continue;
    // What the vjp made and did not return is freed here; what it returned, once its consumer has used it.
    const parts = scope(() => [...node.run(dy)]);
    parts.forEach((part, i) => {
      const source = node.sources[i];
      if (!part || !source) return;
      // A view, so that `dy` passed on, or returned twice, has an owner for each use.
      if (source instanceof TapeNode) addGradient(gradients, source, part.detach());
      else accumulateInLeaf(source, part, part !== seed && parts.indexOf(part) === parts.lastIndexOf(part));
    });
    for (const part of parts) if (part !== dy) part?.dispose();
    if (dy !== seed) dy.dispose();
    if (!retainGraph) node.free();
  }
}

function addGradient(gradients: Map<TapeNode, Tensor>, node: TapeNode, part: Tensor): void {
  const before = gradients.get(node);
  if (!before) {
    gradients.set(node, part);
    return;
  }
  const sum = emptyLike(part);
  accumulate(part.device, { a: before.buffer, b: part.buffer, y: sum.buffer }, { size: part.size });
  gradients.set(node, sum);
  before.dispose();
  part.dispose();
}

/**
 * The first gradient is copied into the arena's slot, or taken over where nobody else will read it (not the caller's
 * cotangent, nor one that the vjp returned twice); later ones are added in place. A disposed leaf gets none: nothing
 * would free it.
 */
function accumulateInLeaf(leaf: Tensor, part: Tensor, unshared: boolean): void {
  if (leaf.isDisposed) return;
  const { device } = leaf;
  if (leaf.grad) {
    accumulateInPlace(device, { b: part.buffer, y: leaf.grad.buffer }, { size: part.size });
  } else if (leaf.gradSlot || !unshared || part.memory.isShared) {
    leaf.grad = leaf.gradSlot ?? keep(empty(device, leaf.shape, "f32", "gradient"));
    device.queue.copy(part.buffer, leaf.grad.buffer);
  } else {
    leaf.grad = keep(part.view(leaf.shape));
  }
  leaf.grad.memory.version++;
}

/** The caller's cotangent may be a leaf's own gradient, and no dispatch may read the buffer that it accumulates in. */
function copyOf(gradient: Tensor): Tensor {
  const copy = emptyLike(gradient);
  if (copy.size > 0) gradient.device.queue.copy(gradient.buffer, copy.buffer);
  return copy;
}

function onesLike(output: Tensor): Tensor {
  const ones = emptyLike(output);
  return ones.set(new Float32Array(ones.size).fill(1));
}
