// Backward: the walk over the tape, from an output to the leaves.
import { DisposedError, DTypeError, GradError, UsageError } from "../errors.js";
import { checkOptions } from "../options.js";
import { formatShape, sameShape } from "../shape.js";
import { Gradients } from "./gradients.js";
import { scope } from "./scope.js";
import { TapeNode, withGradMode } from "./tape.js";
import { emptyLike, Tensor } from "./tensor.js";

/** Options of `backward`. */
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
 *         DTypeError for a gradient of another dtype than the output; UsageError for one that is no tensor or on another device, or for
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
        return new Gradients(output.device).addToLeaf(output, seed, false);
      }
      const nodes = reachable(output.node);
      for (const node of nodes) {
        node.checkUsable();
        for (const source of node.sources) if (source instanceof Tensor) checkAssigned(source);
      }
      walk(new Gradients(output.device), nodes, output.node, seed, options.retainGraph ?? false);
    }),
  );
}

/**
 * Backward inside a vjp: from an output whose gradient is `dy`, which nothing else writes meanwhile, over nodes that were
 * made after the first `since`. Leaves accumulate their gradients; those that reach `outside` are returned.
 *
 * Throws: UsageError where the walk would leave through other nodes than those.
 */
export function backwardFrom(output: Tensor, dy: Tensor, { since, outside }: { since: number; outside: readonly TapeNode[] }): (Tensor | null)[] {
  return withGradMode(false, () =>
    scope(() => {
      const { node } = output;
      const gradients = new Gradients(dy.device);
      if (node && outside.includes(node)) gradients.addToNode(node, dy);
      else if (node) {
        const nodes = reachable(node, outside);
        if (nodes.some(({ sequence }) => sequence <= since)) {
          throw new UsageError("checkpoint: the function used other tensors when it was run again; it must do the same both times");
        }
        walk(gradients, nodes, node, dy, false);
      } else if (output.requiresGrad) gradients.addToLeaf(output, dy, false);
      return outside.map((source) => gradients.takeOf(source));
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
  if (gradient.dtype !== x.dtype) throw new DTypeError(`backward: ${name} must be ${x.dtype}, got ${gradient.dtype}; convert it with cast()`);
  if (gradient.device !== x.device) throw new UsageError(`backward: ${name} lives on another device; move it with data() and fromArray()`);
}

/** A leaf's gradient may be one that the user assigned. */
function checkAssigned(leaf: Tensor): void {
  if (leaf.grad && leaf.grad !== leaf.gradSlot) checkGradient("the gradient assigned to a leaf", leaf.grad, leaf);
}

/** Nodes from the output back, later ones first: creation order is a topological order. Nothing from `end` on. */
function reachable(root: TapeNode, end: readonly TapeNode[] = []): TapeNode[] {
  const seen = new Set<TapeNode>([root, ...end]);
  const stack = [root];
  for (let node = stack.pop(); node; node = stack.pop()) {
    for (const source of node.sources) {
      if (source instanceof TapeNode && !seen.has(source)) {
        seen.add(source);
        stack.push(source);
      }
    }
  }
  for (const node of end) seen.delete(node);
  return [...seen].sort((a, b) => b.sequence - a.sequence);
}

function walk(gradients: Gradients, nodes: readonly TapeNode[], root: TapeNode, seed: Tensor, retainGraph: boolean): void {
  gradients.addToNode(root, seed);
  try {
    for (const node of nodes) {
      const dy = gradients.takeOf(node);
      if (!dy) continue;
      gradients.run(node, dy, dy === seed);
      if (dy !== seed) dy.dispose();
      if (!retainGraph) node.free();
    }
    gradients.finish();
  } catch (error) {
    gradients.abandon();
    throw error;
  }
}

/** The caller's cotangent may be a leaf's own gradient, and no dispatch may read the buffer that it accumulates in. */
function copyOf(gradient: Tensor): Tensor {
  const copy = emptyLike(gradient);
  if (copy.size > 0) gradient.device.queue.copy(gradient.buffer, copy.buffer);
  return copy;
}

const one = Float32Array.of(1);
const halfOne = Uint32Array.of(0x3c00);

/** The gradient that backward starts from: the device's constant 1. */
function onesLike({ device, shape, dtype }: Tensor): Tensor {
  return new Tensor(device, shape, dtype, device.constant(dtype === "f16" ? halfOne : one).buffer.retain());
}

/** True for the gradient that backward() starts from by default, or one that lies in the same memory: its only element is 1. */
export function isOnes(gradient: Tensor): boolean {
  return gradient.memory === gradient.device.constant(one).buffer;
}
