// Gradient clipping: by the norm over all groups, or by value.
import { UsageError } from "../errors.js";
import { checkNumber } from "../options.js";
import { Schedule } from "../schedule/index.js";
import { checkClosed, type Scheduled } from "./values.js";

export interface ClippingOptions {
  /** Gradients are scaled down to this global norm over all groups. Absent: no clipping by norm. */
  clipNorm?: Scheduled;
  /** Each element of a gradient is clamped to this and its negative. Absent: no clipping by value. */
  clipValue?: Scheduled;
}

export type ClipName = "clipNorm" | "clipValue";

/** Normal f32 numbers: a limit that rounded to 0 would switch clipping off. */
const [smallest, largest] = [2 ** -126, (2 - 2 ** -23) * 2 ** 127];

/** At most one of the two is on. Null stands for off. */
export class Clipping {
  private readonly limits: Record<ClipName, Scheduled | null> = { clipNorm: null, clipValue: null };

  constructor(
    private readonly where: string,
    options: ClippingOptions,
  ) {
    for (const name of ["clipNorm", "clipValue"] as const) if (options[name] !== undefined) this.set(name, options[name]);
  }

  get(name: ClipName): Scheduled | null {
    return this.limits[name];
  }

  /** Throws UsageError for a limit that makes no sense, or where the other kind is on. */
  set(name: ClipName, limit: Scheduled | null): void {
    this.check({ ...this.limits, [name]: limit });
    this.limits[name] = limit;
  }

  /** Both at once. */
  replace(limits: Readonly<Record<ClipName, Scheduled | null>>): void {
    this.check(limits);
    Object.assign(this.limits, limits);
  }

  get both(): Record<ClipName, Scheduled | null> {
    return { ...this.limits };
  }

  /** 0 for off. Throws UsageError where a schedule gives a limit that makes no sense. */
  at(t: number): { norm: number; value: number } {
    const limitAt = (name: ClipName) => {
      const limit = this.limits[name];
      if (limit === null) return 0;
      const value = limit instanceof Schedule ? checkNumber(this.where, `${name} at step ${t}`, limit.at(t), { above: 0 }) : limit;
      return Math.min(Math.max(value, smallest), largest);
    };
    return { norm: limitAt("clipNorm"), value: limitAt("clipValue") };
  }

  private check(limits: Readonly<Record<ClipName, Scheduled | null>>): void {
    for (const name of ["clipNorm", "clipValue"] as const) {
      const limit = limits[name];
      if (limit !== null && !(limit instanceof Schedule)) checkNumber(this.where, name, limit, { above: 0 });
    }
    checkClosed(this.where, limits);
    if (limits.clipNorm !== null && limits.clipValue !== null) {
      throw new UsageError(`${this.where}: clipNorm and clipValue exclude each other, got both; set one of them to null first`);
    }
  }
}
