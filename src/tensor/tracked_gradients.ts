// Gradients of leaves across a captured function: what it finds there, what it leaves, and how a replay leaves the same.
import type { PoolBuffer } from "../gpu/buffers.js";
import type { DType } from "./dtype.js";
import type { Tensor } from "./tensor.js";

/** Memory of its own that a gradient lies in. */
export interface GradientPlace {
  memory: PoolBuffer;
  offset_bytes: number;
  dtype: DType;
}

/** Where a gradient lies: `slot` is the arena's. */
type GradientState = "none" | "slot" | GradientPlace;

interface Gradient {
  leaf: Tensor;
  /** Before the function ran. */
  before: Tensor | null;
  /** What the function found, where it looked before it wrote. */
  found: GradientState | null;
  written: boolean;
  /** What the function left, where it wrote. */
  left: GradientState | null;
}

export class TrackedGradients {
  private readonly ofLeaves = new Map<Tensor, Gradient>();
  /** The same, once the function has run: walked around every replay. */
  private held: readonly Gradient[] = [];

  finds(leaf: Tensor, grad: Tensor | null): void {
    if (!this.ofLeaves.has(leaf)) this.ofLeaves.set(leaf, { leaf, before: grad, found: stateOf(leaf), written: false, left: null });
  }

  writes(leaf: Tensor, before: Tensor | null): void {
    const gradient = this.ofLeaves.get(leaf) ?? { leaf, before, found: null, written: true, left: null };
    gradient.written = true;
    this.ofLeaves.set(leaf, gradient);
  }

  /** The function has run: what it leaves behind stays alive for replays, whatever becomes of the leaves' handles. */
  hold(): void {
    this.held = [...this.ofLeaves.values()];
    for (const gradient of this.held) {
      if (!gradient.written || gradient.leaf.isDisposed) continue;
      gradient.left = stateOf(gradient.leaf);
      placeIn(gradient.left)?.memory.retain();
    }
  }

  release(): void {
    for (const { left } of this.held) placeIn(left)?.memory.release();
    this.held = [];
    this.ofLeaves.clear();
  }

  /** Whether leaves have a gradient where they had one, or none, as when the function ran. */
  holds(): boolean {
    for (const { leaf, found } of this.held) if (found !== null && !isSame(stateOf(leaf), found)) return false;
    return true;
  }

  /** After a replay: leaves have the gradients that the function leaves them. */
  restore(): void {
    for (const { leaf, left } of this.held) {
      if (left === null || leaf.isDisposed || isSame(stateOf(leaf), left)) continue;
      if (left === "none") leaf.dropGrad();
      else leaf.adoptGrad(placeIn(left));
    }
  }

  /** After the function threw: nothing of what it launched will run, so leaves have the gradients from before it. */
  undo(isMade: (tensor: Tensor) => boolean): void {
    for (const [leaf, { before, written, left }] of this.ofLeaves) {
      placeIn(left)?.memory.release();
      const now = leaf.peekGrad();
      if (!written || leaf.isDisposed || now === before) continue;
      leaf.grad = before?.isDisposed ? null : before;
      if (now && isMade(now)) now.dispose();
    }
    this.ofLeaves.clear();
  }
}

function stateOf(leaf: Tensor): GradientState {
  const grad = leaf.peekGrad();
  if (grad === null || grad.isDisposed) return "none";
  return grad === leaf.gradSlot ? "slot" : { memory: grad.memory, offset_bytes: grad.buffer.offset_bytes, dtype: grad.dtype };
}

function placeIn(state: GradientState | null): GradientPlace | null {
  return typeof state === "object" ? state : null;
}

function isSame(a: GradientState, b: GradientState): boolean {
  const [placeA, placeB] = [placeIn(a), placeIn(b)];
  return placeA && placeB ? placeA.memory === placeB.memory && placeA.offset_bytes === placeB.offset_bytes : a === b;
}
