// Flat memory for parameters, gradients and moments: what makes an optimizer step one dispatch.
import { DisposedError, OutOfMemoryError, ShapeError, UsageError } from "../errors.js";
import type { PoolBuffer, Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { blockElements } from "../kernels/optim.js";
import { HalfCopy } from "../kernels/half_copy.js";
import { TransposedMatrices, type Matrix } from "../kernels/transposed_matrices.js";
import { formatShape, sameShape } from "../shape.js";
import { keep } from "../tensor/scope.js";
import { Tensor } from "../tensor/tensor.js";

const blockBytes = blockElements * 4;

/** Where a parameter lies: positions in blocks of 256 elements. */
export interface Place {
  /** Index among the optimizer's parameters. */
  parameter: number;
  firstBlock: number;
}

/** One arena's share of the parameters. */
export interface Layout {
  blocks: number;
  places: Place[];
}

/** Parameters in order, as few arenas as the binding limit allows. A parameter is never cut. */
export function layoutArenas(where: string, tensors: readonly Tensor[], limit_bytes: number): Layout[] {
  const most = Math.floor(limit_bytes / blockBytes);
  const layouts: Layout[] = [];
  tensors.forEach((tensor, parameter) => {
    const blocks = Math.max(1, Math.ceil(tensor.size / blockElements));
    if (blocks > most) {
      throw new OutOfMemoryError(
        `${where}: parameter ${parameter} ${formatShape(tensor.shape)} needs ${blocks * blockBytes} bytes, over the adapter's limit of ` +
          `${limit_bytes} bytes (maxStorageBufferBindingSize, maxBufferSize); split the tensor`,
      );
    }
    let last = layouts[layouts.length - 1];
    if (!last || last.blocks + blocks > most) layouts.push((last = { blocks: 0, places: [] }));
    last.places.push({ parameter, firstBlock: last.blocks });
    last.blocks += blocks;
  });
  return layouts;
}

/** The bytes that one storage binding may span. */
export function bindingLimit(device: Device): number {
  return Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
}

/** Throws unless a gradient that the user assigned can be copied into a parameter's slot. */
export function checkAssigned(where: string, parameter: number, tensor: Tensor, grad: Tensor): void {
  const what = `${where}: the gradient of parameter ${parameter}`;
  if (grad.isDisposed) throw new DisposedError(`${what} ${grad.describe()} was disposed; set it to null`);
  if (grad.dtype !== "f32" || !sameShape(grad.shape, tensor.shape)) throw new ShapeError(`${what} must be f32${formatShape(tensor.shape)}, got ${grad.describe()}`);
  if (grad.device !== tensor.device) throw new UsageError(`${what} lives on another device; move it with data() and fromArray()`);
}

/** Parameters and gradients are separate buffers: a dispatch cannot bind one buffer as read and as read_write. */
export class Arena {
  private readonly p: PoolBuffer;
  private readonly grads: PoolBuffer;
  private readonly parameter_of: PoolBuffer;
  private readonly moments: ReadonlyMap<string, PoolBuffer>;
  private readonly slots = new Map<number, Tensor>();
  /** What linear layers read on software adapters. */
  private readonly transposed: TransposedMatrices | null;
  /** What products read in mixed precision. */
  private readonly halves: HalfCopy;

  constructor(
    private readonly device: Device,
    private readonly layout: Layout,
    private readonly tensors: readonly Tensor[],
    momentNames: readonly string[],
  ) {
    const acquire = (label: string) => device.acquire(this.size_bytes, label);
    this.p = acquire("optimizer parameters");
    this.grads = acquire("optimizer gradients");
    this.moments = new Map(momentNames.map((name) => [name, acquire(`optimizer ${name}`)]));
    this.parameter_of = device.acquire(layout.blocks * 4, "optimizer blocks");
    // The tail of a parameter's last block is read by the kernels and must hold numbers.
    for (const buffer of [this.p, this.grads, ...this.moments.values()]) device.queue.clear(this.whole(buffer));
    this.writeBlockTable();
    this.transposed = TransposedMatrices.attach(device, this.p, this.matrices());
    this.halves = new HalfCopy(device, this.p, this.size_bytes, this.matrices());
  }

  get blocks(): number {
    return this.layout.blocks;
  }

  private get size_bytes(): number {
    return this.layout.blocks * blockBytes;
  }

  private whole(buffer: PoolBuffer): Slice {
    return { buffer, offset_bytes: 0, size_bytes: this.size_bytes };
  }

  /** Everything that a step changes, and the gradients: what a snapshot must copy. */
  get state(): Slice[] {
    return [this.p, this.grads, ...this.moments.values()].map((buffer) => this.whole(buffer));
  }

  /** What every step kernel binds of this arena. */
  get stepBuffers(): { grads: Slice; parameter_of: Slice; p: Slice } {
    return { grads: this.whole(this.grads), parameter_of: this.blockTable, p: this.whole(this.p) };
  }

  private get blockTable(): Slice {
    return { buffer: this.parameter_of, offset_bytes: 0, size_bytes: this.layout.blocks * 4 };
  }

  moment(name: string): Slice {
    return this.whole(this.moments.get(name)!);
  }

  /** Gives a moment one value for each parameter's elements. */
  fillMoment(name: string, valueOf: (parameter: number) => number): void {
    const values: Float32Array[] = [];
    for (const { parameter } of this.layout.places) values[parameter] = new Float32Array(this.tensors[parameter]!.size).fill(valueOf(parameter));
    this.writeMoment(name, values);
  }

  /** Makes a moment a copy of the parameters. */
  copyParametersTo(name: string): void {
    this.device.queue.copy(this.whole(this.p), this.moment(name));
  }

  /** Makes the tensors show a moment, or the parameters again. Nothing is copied, and a tensor that has gone elsewhere stays there. */
  show(name: string, shown: boolean): void {
    const moment = this.moments.get(name)!;
    const [from, to] = shown ? [this.p, moment] : [moment, this.p];
    for (const { parameter, firstBlock } of this.layout.places) {
      const tensor = this.tensors[parameter]!;
      if (!tensor.isDisposed && tensor.memory === from) tensor.rebind(to, firstBlock * blockBytes);
    }
  }

  /**
   * Moves the parameters here: the same values and gradients, other memory. Returns the tensors that held gradients
   * before, to be disposed once every arena has taken its own: parameters may share one.
   */
  adopt(): Tensor[] {
    return this.layout.places.flatMap((place) => {
      const tensor = this.tensors[place.parameter]!;
      const target = { buffer: this.p, offset_bytes: place.firstBlock * blockBytes, size_bytes: tensor.size_bytes };
      if (tensor.size > 0) this.device.queue.copy(tensor.buffer, target);
      tensor.rebind(this.p, place.firstBlock * blockBytes);
      const slot = this.makeSlot(place);
      const { grad, gradSlot } = tensor;
      if (grad && tensor.size > 0) this.device.queue.copy(grad.buffer, slot.buffer);
      tensor.gradSlot = slot;
      tensor.grad = grad ? slot : null;
      return [grad, gradSlot].filter((replaced) => replaced !== null);
    });
  }

  /** Throws UsageError for a parameter that moved away. */
  checkOwned(where: string): void {
    for (const { parameter } of this.layout.places) if (!this.tensors[parameter]!.isDisposed) this.checkOwns(where, parameter);
  }

  private checkOwns(where: string, parameter: number): void {
    const tensor = this.tensors[parameter]!;
    if (tensor.gradSlot === this.slots.get(parameter) && tensor.memory === this.p) return;
    throw new UsageError(`${where}: parameter ${parameter} ${formatShape(tensor.shape)} now belongs to another optimizer; dispose this one`);
  }

  /** Marks the parameters that have a gradient. One that the user assigned is copied into its slot. Throws UsageError for a parameter that moved away. */
  collectGradients(where: string, active: boolean[]): void {
    for (const { parameter } of this.layout.places) {
      const tensor = this.tensors[parameter]!;
      active[parameter] = !tensor.isDisposed && tensor.grad !== null;
      if (tensor.isDisposed) continue;
      this.checkOwns(where, parameter);
      const slot = this.slots.get(parameter)!;
      if (tensor.grad && tensor.grad !== slot) this.takeGradient(where, parameter, tensor.grad, slot);
    }
  }

  private takeGradient(where: string, parameter: number, grad: Tensor, slot: Tensor): void {
    checkAssigned(where, parameter, this.tensors[parameter]!, grad);
    if (grad.memory === this.grads) {
      throw new UsageError(`${where}: the gradient of parameter ${parameter} is a view of an optimizer's memory, got ${grad.describe()}; assign a tensor of its own`);
    }
    if (grad.size > 0) this.device.queue.copy(grad.buffer, slot.buffer);
  }

  /** Parameters and averaged weights change in place: a backward through an older value must throw. */
  markChanged(): void {
    this.p.version++;
    for (const moment of this.moments.values()) moment.version++;
  }

  /** Forgets every gradient. One that the user assigned is disposed. */
  zeroGrad(): void {
    for (const place of this.layout.places) {
      const tensor = this.tensors[place.parameter]!;
      if (tensor.isDisposed) continue;
      const slot = this.slots.get(place.parameter)!;
      const ours = tensor.gradSlot === slot;
      tensor.dropGrad();
      // The user disposed the gradient itself: make room for the next one.
      if (ours && slot.isDisposed) tensor.gradSlot = this.makeSlot(place);
    }
  }

  /** One host array a parameter, in order, once everything launched so far has run. */
  async readMoment(name: string, into: Float32Array[]): Promise<void> {
    const all = new Float32Array(await this.device.read(this.moment(name)));
    for (const { parameter, firstBlock } of this.layout.places) {
      const start = firstBlock * blockElements;
      into[parameter] = all.slice(start, start + this.tensors[parameter]!.size);
    }
  }

  writeMoment(name: string, values: readonly Float32Array[]): void {
    const all = new Float32Array(this.layout.blocks * blockElements);
    for (const { parameter, firstBlock } of this.layout.places) all.set(values[parameter]!, firstBlock * blockElements);
    this.device.queue.write(this.moment(name), all);
  }

  /** Parameters keep their values: the memory lives as long as they do. Gradients and moments go. */
  dispose(): void {
    for (const { parameter } of this.layout.places) {
      const tensor = this.tensors[parameter]!;
      const slot = this.slots.get(parameter)!;
      if (tensor.gradSlot === slot) {
        if (tensor.grad === slot) tensor.grad = null;
        tensor.gradSlot = null;
      }
      slot.dispose();
    }
    this.transposed?.dispose();
    this.halves.dispose();
    for (const buffer of [this.p, this.grads, this.parameter_of, ...this.moments.values()]) buffer.release();
  }

  private matrices(): Matrix[] {
    return this.layout.places.flatMap(({ parameter, firstBlock }) => {
      const { shape, size } = this.tensors[parameter]!;
      return shape.length === 2 && size > 0 ? [{ offset_bytes: firstBlock * blockBytes, rows: shape[0]!, cols: shape[1]! }] : [];
    });
  }

  private makeSlot({ parameter, firstBlock }: Place): Tensor {
    const { shape } = this.tensors[parameter]!;
    const slot = keep(new Tensor(this.device, shape, "f32", this.grads.retain(), firstBlock * blockBytes));
    this.slots.set(parameter, slot);
    return slot;
  }

  private writeBlockTable(): void {
    const table = new Uint32Array(this.layout.blocks);
    this.layout.places.forEach(({ parameter, firstBlock }, i) => {
      table.fill(parameter, firstBlock, this.layout.places[i + 1]?.firstBlock ?? this.layout.blocks);
    });
    this.device.queue.write(this.blockTable, table);
  }
}
