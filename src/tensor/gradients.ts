// Where gradients go while a backward pass runs: on to the nodes that computed the inputs, or into the leaves.
import type { Device } from "../gpu/device.js";
import type { Slice } from "../gpu/buffers.js";
import { accumulate, accumulateInPlace } from "../kernels/accumulate.js";
import { columnSums } from "../kernels/column_sums.js";
import { sizeOf } from "../shape.js";
import { anomalyWatch } from "./anomaly.js";
import { DeferredSums } from "./deferred_sums.js";
import { keep, scope } from "./scope.js";
import { TapeNode, type GradientTargets, type PartialSums } from "./tape.js";
import { empty, emptyLike, Tensor } from "./tensor.js";

/** The gradients of one backward pass. */
export class Gradients {
  private readonly ofNodes = new Map<TapeNode, Tensor>();
  private readonly deferred = new DeferredSums();

  constructor(private readonly device: Device) {}

  /** Takes a node's gradient out; null where nothing reached it. The caller disposes it. */
  takeOf(node: TapeNode): Tensor | null {
    const gradient = this.ofNodes.get(node) ?? null;
    this.ofNodes.delete(node);
    return gradient;
  }

  addToNode(node: TapeNode, part: Tensor): void {
    const before = this.ofNodes.get(node);
    if (!before) {
      this.ofNodes.set(node, part);
      return;
    }
    const sum = emptyLike(part);
    accumulate(part.device, { a: before.buffer, b: part.buffer, y: sum.buffer }, { size: part.size });
    this.ofNodes.set(node, sum);
    before.dispose();
    part.dispose();
  }

  /**
   * A part that already lies in the leaf's gradient or slot is there. Else the first one is copied into the slot, or
   * taken over where nobody else will read it (`unshared`: not the caller's cotangent, nor one that the vjp returned
   * twice), and later ones are added in place. A disposed leaf gets none: nothing would free it.
   */
  addToLeaf(leaf: Tensor, part: Tensor, unshared: boolean): void {
    if (leaf.isDisposed) return;
    const { device } = leaf;
    if (leaf.grad) {
      if (!isSame(part.buffer, leaf.grad.buffer)) {
        this.settleBefore(leaf.grad);
        accumulateInPlace(device, { b: part.buffer, y: leaf.grad.buffer }, { size: part.size });
      }
    } else if (leaf.gradSlot && isSame(part.buffer, leaf.gradSlot.buffer)) {
      leaf.grad = leaf.gradSlot;
    } else if (leaf.gradSlot || !unshared || part.memory.isShared) {
      this.settleBefore(part);
      leaf.grad = leaf.gradSlot ?? keep(empty(device, leaf.shape, leaf.dtype, "gradient"));
      device.queue.copy(part.buffer, leaf.grad.buffer);
    } else {
      leaf.grad = keep(part.view(leaf.shape));
    }
    leaf.grad.memory.version++;
  }

  /** Runs a node's vjp on its gradient and hands the parts on. */
  run(node: TapeNode, dy: Tensor, isSeed: boolean): void {
    const taken: Tensor[] = [];
    // What the vjp made and did not return is freed here; what it returned, once its consumer has used it.
    const parts = scope(() => [...node.run(dy, this.targetsOf(node, taken))]);
    this.watch(node, dy, parts);
    const toLeaf = (part: Tensor, leaf: Tensor) =>
      this.addToLeaf(leaf, part, !(isSeed && part === dy) && parts.indexOf(part) === parts.lastIndexOf(part));
    const each = (use: (part: Tensor, source: TapeNode | Tensor) => void) =>
      parts.forEach((part, i) => part && node.sources[i] && use(part, node.sources[i]));
    // A leaf may be two inputs: what was written to its slot comes before what is added to it.
    each((part, source) => source instanceof Tensor && liesIn(part, source) && toLeaf(part, source));
    each((part, source) => {
      // A view, so that `dy` passed on, or returned twice, has an owner for each use.
      if (source instanceof TapeNode) this.addToNode(source, part.detach());
      else if (!liesIn(part, source)) toLeaf(part, source);
    });
    for (const part of parts) if (part !== dy) part?.dispose();
    for (const gradient of taken) gradient.dispose();
  }

  private watch(node: TapeNode, dy: Tensor, parts: readonly (Tensor | null)[]): void {
    const watch = anomalyWatch();
    if (!watch) return;
    this.deferred.settle(this.device);
    watch.gave(node, dy, parts);
  }

  private targetsOf(node: TapeNode, taken: Tensor[]): GradientTargets {
    const handedOut = new Set<Tensor>();
    const slotOf = (i: number): Tensor | null => {
      const leaf = node.sources[i];
      if (!(leaf instanceof Tensor) || leaf.isDisposed || leaf.grad || handedOut.has(leaf)) return null;
      if (!leaf.gradSlot || leaf.gradSlot.isDisposed) return null;
      handedOut.add(leaf);
      return leaf.gradSlot.view(node.shapes[i]!);
    };
    const emptyFor = (i: number) => slotOf(i) ?? empty(this.device, node.shapes[i]!, node.dtypes[i]!, "gradient");
    return {
      empty: emptyFor,
      take: (i) => {
        const source = node.sources[i];
        const gradient = source instanceof TapeNode ? this.takeOf(source) : null;
        if (gradient) taken.push(gradient);
        return gradient;
      },
      accumulated: (i) => {
        const leaf = node.sources[i];
        if (!(leaf instanceof Tensor) || leaf.isDisposed || !leaf.grad || handedOut.has(leaf)) return null;
        handedOut.add(leaf);
        this.settleBefore(leaf.grad);
        return leaf.grad.view(node.shapes[i]!);
      },
      partials: (i, chunks) => {
        const target = slotOf(i);
        const shape = node.shapes[i]!;
        if (target) return { memory: this.deferred.partials(this.device, chunks, shape, target), sum: target };
        return summedAtOnce(empty(this.device, [chunks, ...shape], "f32", "partial sums"), empty(this.device, shape, node.dtypes[i]!, "gradient"), chunks);
      },
      settle: () => this.deferred.settle(this.device),
    };
  }

  /** Ends the pass: every sum that was put off is launched. */
  finish(): void {
    this.deferred.settle(this.device);
  }

  /** After a vjp threw. */
  abandon(): void {
    this.deferred.release();
  }

  private settleBefore(gradient: Tensor): void {
    if (this.deferred.isPending(gradient.buffer)) this.deferred.settle(this.device);
  }
}

/** True where a part was written to the leaf's own memory for gradients. */
function liesIn(part: Tensor, leaf: Tensor): boolean {
  return [leaf.grad, leaf.gradSlot].some((own) => own !== null && !own.isDisposed && isSame(part.buffer, own.buffer));
}

function isSame(a: Slice, b: Slice): boolean {
  return a.buffer === b.buffer && a.offset_bytes === b.offset_bytes;
}

/** For an input whose gradient is needed before the pass ends, or is not written but added to. */
function summedAtOnce(memory: Tensor, sum: Tensor, chunks: number): PartialSums {
  let done = false;
  return {
    memory,
    get sum() {
      if (!done) columnSums(memory.device, { x: memory.buffer, y: sum.buffer }, { groups: 1, rows: chunks, cols: sizeOf(sum.shape) });
      done = true;
      return sum;
    },
  };
}
