// A tensor: a shape over a slice of GPU memory, and its place on the tape.
import { DisposedError, DTypeError, GradError, ShapeError, UsageError } from "../errors.js";
import type { PoolBuffer, Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { checkShape, formatShape, sizeOf, type Shape } from "../shape.js";
import { fromStored, isFloat, requireDTypeOn, storedBytes, toStored, type DType, type TypedArray } from "./dtype.js";
import { keep, registerInScope } from "./scope.js";
import type { TapeNode } from "./tape.js";
import type { GradientPlace } from "./tracked_gradients.js";
import { tracker } from "./tracker.js";

/** Always contiguous and row-major. A view (reshape, detach, a parameter in an arena) shares the buffer. */
export class Tensor {
  /** Set by the optimizer's arena: where the first gradient is written instead of new memory. */
  gradSlot: Tensor | null = null;
  /** What computed this tensor; null for a leaf. */
  node: TapeNode | null = null;
  private gradient: Tensor | null = null;
  private wantsGrad = false;
  private storage: PoolBuffer | null;
  private gone = "";
  private offset_bytes: number;

  /** Takes over one ownership of `storage`. Use `empty`, `view` or an op instead. */
  constructor(
    readonly device: Device,
    readonly shape: Shape,
    readonly dtype: DType,
    storage: PoolBuffer,
    offset_bytes = 0,
  ) {
    this.storage = storage;
    this.offset_bytes = offset_bytes;
    registerInScope(this);
    tracker()?.makes(this);
  }

  /** The accumulated gradient, of the same shape, once `backward` has reached this leaf. */
  get grad(): Tensor | null {
    tracker()?.findsGradient(this, this.gradient);
    return this.gradient;
  }

  set grad(grad: Tensor | null) {
    const before = this.gradient;
    this.gradient = grad;
    tracker()?.writesGradient(this, before);
  }

  /** `grad`, seen by no tracker. */
  peekGrad(): Tensor | null {
    return this.gradient;
  }

  /** Forgets the gradient. One that the user assigned is disposed. */
  dropGrad(): void {
    if (this.gradient !== this.gradSlot) this.gradient?.dispose();
    this.grad = null;
  }

  /** Takes the arena's slot for its gradient, or a view of other memory, which no scope ends. */
  adoptGrad(place: GradientPlace | null): void {
    this.gradient = place ? keep(new Tensor(this.device, this.shape, place.dtype, place.memory.retain(), place.offset_bytes)) : this.gradSlot;
  }

  get size(): number {
    return sizeOf(this.shape);
  }

  get rank(): number {
    return this.shape.length;
  }

  /** A multiple of 4: an odd number of halves has two bytes behind it that mean nothing. */
  get size_bytes(): number {
    return storedBytes(this.dtype, this.size);
  }

  get isDisposed(): boolean {
    return this.storage === null;
  }

  /** The memory, for kernels. Throws DisposedError after `dispose`. */
  get buffer(): Slice {
    const slice = { buffer: this.memory, offset_bytes: this.offset_bytes, size_bytes: this.size_bytes };
    return this.dtype === "f16" ? { ...slice, half: true } : slice;
  }

  /** The buffer this tensor shares with its views. */
  get memory(): PoolBuffer {
    if (!this.storage) throw new DisposedError(`tensor ${this.describe()}: ${this.gone}`);
    tracker()?.uses(this, this.storage, this.offset_bytes);
    return this.storage;
  }

  /** Whether it lies there. */
  isAt(memory: PoolBuffer, offset_bytes: number): boolean {
    return this.storage === memory && this.offset_bytes === offset_bytes;
  }

  /** True when backward must reach this tensor: a leaf that asks for it, or the output of an op on one. */
  get requiresGrad(): boolean {
    return this.wantsGrad || this.node !== null;
  }

  set requiresGrad(wanted: boolean) {
    this.setRequiresGrad(wanted);
  }

  /** Marks a leaf as wanting a gradient, and returns it. */
  setRequiresGrad(wanted = true): this {
    if (this.node) throw new GradError("requiresGrad: only a leaf can be changed, this tensor was computed by " + this.node.op + "; use detach()");
    if (wanted && !isFloat(this.dtype)) throw new DTypeError(`requiresGrad: only f32 and f16 tensors have gradients, got ${this.dtype}`);
    this.wantsGrad = wanted;
    return this;
  }

  /** Another tensor over the same memory, not on the tape. */
  view(shape: Shape): Tensor {
    checkShape("view", shape);
    if (sizeOf(shape) !== this.size) {
      throw new ShapeError(`view: sizes differ, got ${formatShape(shape)} for ${formatShape(this.shape)}`);
    }
    return new Tensor(this.device, shape, this.dtype, this.memory.retain(), this.offset_bytes);
  }

  /** The same values, cut off from the tape. Shares memory. */
  detach(): Tensor {
    return this.view(this.shape);
  }

  /** Moves this tensor's identity onto other memory of the same size: how an arena adopts a parameter. */
  rebind(storage: PoolBuffer, offset_bytes: number): void {
    this.memory.release();
    this.storage = storage.retain();
    this.offset_bytes = offset_bytes;
  }

  /** All elements, row-major, once everything launched so far has run. Those of f16 come as f32. */
  async data(): Promise<TypedArray> {
    const { dtype, size } = this;
    return fromStored(dtype, await this.device.read(this.buffer), size);
  }

  /** The only element. */
  async item(): Promise<number> {
    if (this.size !== 1) throw new UsageError(`item: needs exactly one element, got shape ${formatShape(this.shape)}; use data()`);
    return (await this.data())[0]!;
  }

  /** Overwrites the elements in place. Saved tensors notice: backward through an older value throws. */
  set(values: ArrayLike<number>): this {
    if (values.length !== this.size) {
      throw new ShapeError(`set: lengths differ, got ${values.length} values for ${formatShape(this.shape)}`);
    }
    this.device.queue.write(this.buffer, toStored(this.dtype, values));
    this.memory.version++;
    return this;
  }

  /** Gives the memory back once no view and no tape entry needs it. Disposing twice is harmless. */
  dispose(why = "used after dispose()"): void {
    if (this.storage) this.gone = why;
    this.storage?.release();
    this.storage = null;
    this.node?.dropOutput();
    this.node = null;
    if (this.gradient !== this.gradSlot) this.gradient?.dispose();
    this.gradient = null;
    this.gradSlot?.dispose();
    this.gradSlot = null;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  describe(): string {
    return `${this.dtype}${formatShape(this.shape)}`;
  }
}

/** A tensor over fresh, uninitialised memory. For ops that write every element. */
export function empty(device: Device, shape: Shape, dtype: DType = "f32", label = "tensor"): Tensor {
  requireDTypeOn(device, label, dtype);
  return new Tensor(device, [...shape], dtype, device.acquire(storedBytes(dtype, sizeOf(shape)), device.isDry ? `${label} ${dtype}${formatShape(shape)}` : label));
}

/** `empty` of the same shape and dtype on the same device. */
export function emptyLike(x: Tensor): Tensor {
  return empty(x.device, x.shape, x.dtype);
}
