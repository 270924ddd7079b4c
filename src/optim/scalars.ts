// Numbers of the user's own that follow a schedule, as tensors: rewritten on the GPU by every step that is taken.
import { UsageError } from "../errors.js";
import type { PoolBuffer, Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { scalarBytes } from "../kernels/optim.js";
import { checkNumber, checkOptions, type NumberRange } from "../options.js";
import { asSchedule, type Description, type Schedule } from "../schedule/index.js";
import { keep } from "../tensor/scope.js";
import { Tensor } from "../tensor/tensor.js";

interface Scalar {
  readonly name: string;
  readonly tensor: Tensor;
  readonly range: NumberRange;
  schedule: Schedule;
}

export class Scalars {
  private readonly all: Scalar[] = [];
  private buffer: PoolBuffer;
  private capacity = 1;

  constructor(
    private readonly where: string,
    private readonly device: Device,
  ) {
    this.buffer = device.acquire(scalarBytes, "optimizer scalars");
  }

  get count(): number {
    return this.all.length;
  }

  get slice(): Slice {
    return { buffer: this.buffer, offset_bytes: 0, size_bytes: this.capacity * scalarBytes };
  }

  /** The values of step `t`. Throws UsageError for one out of its range. */
  at(t: number): number[] {
    return this.all.map((scalar) => this.valueOf(scalar, t));
  }

  /** A new tensor for it, or the one that this name has, with another schedule. Throws UsageError unless that fits these steps. */
  register(name: string, value: number | Schedule, range: NumberRange, steps: readonly number[]): { tensor: Tensor; isNew: boolean } {
    if (typeof name !== "string" || name === "") throw new UsageError(`${this.where}: a scalar's name must be a string, got ${JSON.stringify(name)}`);
    checkOptions(`${this.where}: scalar "${name}"`, range, ["min", "above", "max", "below", "integer"]);
    const schedule = asSchedule(value);
    if (schedule.isOpen) throw new UsageError(`${this.where}: scalar "${name}" starts where another schedule ended, got none before it; give the schedule a from`);
    const known = this.all.find((scalar) => scalar.name === name);
    for (const t of steps) this.valueOf({ name, range: known?.range ?? range, schedule }, t);
    if (known) {
      known.schedule = schedule;
      return { tensor: known.tensor, isNew: false };
    }
    if (this.all.length === this.capacity) this.grow();
    const tensor = keep(new Tensor(this.device, [], "f32", this.buffer.retain(), this.all.length * scalarBytes));
    this.all.push({ name, tensor, range, schedule });
    return { tensor, isNew: true };
  }

  /** A tape that saved an older value must not be walked. */
  markChanged(): void {
    if (this.all.length > 0) this.buffer.version++;
  }

  schedules(): Schedule[] {
    return this.all.map(({ schedule }) => schedule);
  }

  /** Throws UsageError unless these can take the places of the present ones at these steps. */
  checkSchedules(schedules: readonly Schedule[], steps: readonly number[]): void {
    schedules.forEach((schedule, i) => steps.forEach((t) => this.valueOf({ ...this.all[i]!, schedule }, t)));
  }

  setSchedules(schedules: readonly Schedule[]): void {
    schedules.forEach((schedule, i) => (this.all[i]!.schedule = schedule));
  }

  names(): string[] {
    return this.all.map(({ name }) => name);
  }

  toState(): Record<string, Description> {
    return Object.fromEntries(this.all.map(({ name, schedule }) => [name, schedule.toJSON()]));
  }

  dispose(): void {
    for (const { tensor } of this.all) tensor.dispose();
    this.buffer.release();
  }

  private grow(): void {
    const { buffer: old, slice: held } = this;
    this.capacity *= 2;
    this.buffer = this.device.acquire(this.capacity * scalarBytes, "optimizer scalars");
    this.device.queue.copy(held, { ...held, buffer: this.buffer });
    this.all.forEach(({ tensor }, i) => {
      if (!tensor.isDisposed) tensor.rebind(this.buffer, i * scalarBytes);
    });
    old.release();
  }

  private valueOf({ name, schedule, range }: Omit<Scalar, "tensor">, t: number): number {
    return checkNumber(`${this.where}: scalar at step ${t}`, `"${name}"`, schedule.at(t), range);
  }
}
