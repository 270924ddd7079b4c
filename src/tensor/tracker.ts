// What a captured function takes from its surroundings: the tensors that it did not make, and gradients that it found.
import type { PoolBuffer } from "../gpu/buffers.js";
import type { Generator, RandomState } from "./random.js";
import type { Tensor } from "./tensor.js";

let active: Tracker | null = null;

/** The one that watches now; null most of the time. */
export function tracker(): Tracker | null {
  return active;
}

/** Where a gradient lies: `slot`, the arena's; `other`, memory of its own. */
type GradientState = "none" | "slot" | "other";

interface Gradient {
  /** What the function found, where it looked before it wrote. */
  found: GradientState | null;
  /** What it left behind; null where it wrote nothing. */
  left: { state: GradientState; memory: PoolBuffer | null } | null;
}

interface Seen {
  memory: PoolBuffer;
  offset_bytes: number;
  requiresGrad: boolean;
}

/**
 * The value of a setting that decides what is launched, such as a layer's mode. A captured function is recorded again
 * when it finds another value there, unless it sets it itself.
 */
export function setting<T>(owner: object, read: () => T): T {
  const value = read();
  active?.finds(owner, () => read() === value);
  return value;
}

/** Says that a setting of `owner` is written. */
export function settingChanges(owner: object): void {
  active?.leaves(owner);
}

/**
 * Watches one run of a captured function. `holds` then tells whether another run would find the same: if not, a
 * recording of it must not be replayed.
 */
export class Tracker {
  private readonly made = new WeakSet<Tensor>();
  private readonly seen = new Map<Tensor, Seen>();
  private readonly gradients = new Map<Tensor, Gradient>();
  private readonly settings: (() => boolean)[] = [];
  private readonly changed = new WeakSet<object>();
  private readonly taken: { generator: Generator; draw: RandomState }[] = [];

  watch<T>(fn: () => T): T {
    const before = active;
    active = this;
    try {
      return fn();
    } finally {
      active = before;
    }
  }

  /** A new tensor. */
  makes(tensor: Tensor): void {
    this.made.add(tensor);
  }

  hasMade(tensor: Tensor): boolean {
    return this.made.has(tensor);
  }

  /** A tensor's memory is used. */
  uses(tensor: Tensor, memory: PoolBuffer, offset_bytes: number): void {
    if (!this.made.has(tensor) && !this.seen.has(tensor)) this.seen.set(tensor, { memory, offset_bytes, requiresGrad: tensor.requiresGrad });
  }

  finds(owner: object, isSame: () => boolean): void {
    if (!this.changed.has(owner)) this.settings.push(isSame);
  }

  leaves(owner: object): void {
    this.changed.add(owner);
  }

  /** A generator handed out a draw. */
  draws(generator: Generator, draw: RandomState): void {
    this.taken.push({ generator, draw });
  }

  /** Puts each generator's next draws in the place of the recorded ones. */
  drawAgain(): void {
    for (const { generator, draw } of this.taken) Object.assign(draw, generator.take());
  }

  findsGradient(leaf: Tensor, grad: Tensor | null): void {
    if (!this.made.has(leaf) && !this.gradients.has(leaf)) this.gradients.set(leaf, { found: stateOf(leaf, grad), left: null });
  }

  leavesGradient(leaf: Tensor, grad: Tensor | null): void {
    if (this.made.has(leaf)) return;
    const gradient = this.gradients.get(leaf) ?? { found: null, left: null };
    gradient.left = { state: stateOf(leaf, grad), memory: grad && !grad.isDisposed ? grad.memory : null };
    this.gradients.set(leaf, gradient);
  }

  /**
   * Whether settings and tensors are as they were, and leaves have a gradient, or none, as before. A gradient in memory of
   * its own never holds.
   */
  holds(): boolean {
    for (const isSame of this.settings) if (!isSame()) return false;
    for (const [tensor, { memory, offset_bytes, requiresGrad }] of this.seen) {
      if (!tensor.isAt(memory, offset_bytes) || tensor.requiresGrad !== requiresGrad) return false;
    }
    for (const [leaf, { found }] of this.gradients) {
      if (found !== null && (found === "other" || stateOf(leaf, leaf.peekGrad()) !== found)) return false;
    }
    return true;
  }

  /** After a replay: leaves have the gradients that the function leaves them. */
  restoreGradients(): void {
    for (const [leaf, { left }] of this.gradients) {
      if (!left || leaf.isDisposed) continue;
      const now = leaf.peekGrad();
      if (left.state === "none") leaf.dropGrad();
      else if (now === null || now.isDisposed || now.memory !== left.memory) leaf.adoptGrad(left.state === "slot" ? null : left.memory);
    }
  }
}

function stateOf(leaf: Tensor, grad: Tensor | null): GradientState {
  return grad === null ? "none" : grad === leaf.gradSlot ? "slot" : "other";
}
