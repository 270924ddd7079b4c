// What a captured function takes from its surroundings: the tensors that it did not make, and gradients that it found.
import { UsageError } from "../errors.js";
import type { PoolBuffer } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import type { Generator, RandomState } from "./random.js";
import type { Tensor } from "./tensor.js";
import { TrackedGradients } from "./tracked_gradients.js";

let active: Tracker | null = null;

/** The one that watches now; null most of the time. */
export function tracker(): Tracker | null {
  return active;
}

interface Seen {
  tensor: Tensor;
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
  /** The same, once the function has run: a list is walked before every replay without making garbage. */
  private found: readonly Seen[] = [];
  private readonly gradients = new TrackedGradients();
  /** Gradients in memory of their own: where they lie is known by their leaves, whose handles may change. */
  private readonly followed = new WeakSet<Tensor>();
  private readonly settings: (() => boolean)[] = [];
  private readonly changed = new WeakSet<object>();
  private readonly taken: { generator: Generator; draw: RandomState }[] = [];

  constructor(private readonly device: Device) {}

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
    this.checkDevice(tensor);
    this.made.add(tensor);
  }

  hasMade(tensor: Tensor): boolean {
    return this.made.has(tensor);
  }

  /** A tensor's memory is used. */
  uses(tensor: Tensor, memory: PoolBuffer, offset_bytes: number): void {
    if (this.made.has(tensor) || this.followed.has(tensor) || this.seen.has(tensor)) return;
    this.checkDevice(tensor);
    this.seen.set(tensor, { tensor, memory, offset_bytes, requiresGrad: tensor.requiresGrad });
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
    if (this.made.has(leaf)) return;
    if (grad && grad !== leaf.gradSlot) this.followed.add(grad);
    this.gradients.finds(leaf, grad);
  }

  writesGradient(leaf: Tensor, before: Tensor | null): void {
    if (!this.made.has(leaf)) this.gradients.writes(leaf, before);
  }

  /** The function has run, and will be replayed until `release`. */
  hold(): void {
    this.found = [...this.seen.values()];
    this.gradients.hold();
  }

  release(): void {
    this.gradients.release();
  }

  /** The function threw: leaves get back the gradients from before it. */
  undo(): void {
    this.gradients.undo((tensor) => this.made.has(tensor));
  }

  /** Whether settings and tensors are as they were, and leaves have a gradient, or none, as before. */
  holds(): boolean {
    for (const isSame of this.settings) if (!isSame()) return false;
    for (const { tensor, memory, offset_bytes, requiresGrad } of this.found) {
      if (!tensor.isAt(memory, offset_bytes) || tensor.requiresGrad !== requiresGrad) return false;
    }
    return this.gradients.holds();
  }

  /** Whether it can never hold again: a tensor that the function took is gone. */
  get isOver(): boolean {
    for (const { tensor } of this.found) if (tensor.isDisposed) return true;
    return false;
  }

  /** After a replay: leaves have the gradients that the function leaves them. */
  restoreGradients(): void {
    this.gradients.restore();
  }

  /** Launches of another device would run once, and no replay would repeat them. */
  private checkDevice({ device }: Tensor): void {
    if (device === this.device || device.isDry) return;
    throw new UsageError("capture: a tensor of another device is used inside the captured function; capture a function for each device");
  }
}
