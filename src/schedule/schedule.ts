// A schedule: a pure function of the optimizer's step, carried as plain data.
import { UsageError } from "../errors.js";
import { checkNumber, checkOptions } from "../options.js";
import { some, walk, type Description } from "./description.js";

/** Immutable. `t` counts optimizer steps already taken: the first step is t = 0. */
export class Schedule {
  private readonly description: Description;

  /** Use `warmup`, `cosine` and the other constructors of the catalogue, or `fromJSON`. */
  constructor(description: Description) {
    this.description = walk.normal("schedule", description);
  }

  /** The step from which the value no longer changes; Infinity for one that never ends. */
  get steps(): number {
    return walk.steps(this.description);
  }

  /** True while the first value is left open, to be taken from the schedule before it. */
  get isOpen(): boolean {
    return walk.needsStart(this.description);
  }

  /**
   * The value at step t, in float64, finite. Past the end, the last value.
   *
   * Range:  t >= 0, whole or not.
   * Throws: UsageError if t is negative or not finite, or if the schedule starts where another one ends and has none before it.
   */
  at(t: number): number {
    const value = walk.at(this.description, checkNumber("schedule.at", "t", t, { min: 0 }) + 0);
    if (!Number.isFinite(value)) {
      throw new UsageError(`schedule.at: the ${this.description.shape} schedule leaves the finite numbers, got ${value} at step ${t}; end it earlier, or use clamp`);
    }
    return value + 0;
  }

  /**
   * This schedule, then `next` counted from its own step 0. A `next` without `from` starts where this one ended.
   *
   * Range:  `at` is the step to switch at, by default where this schedule ends.
   * Throws: UsageError if this schedule never ends and `at` is missing.
   */
  then(next: Schedule | number, options: { at?: number } = {}): Schedule {
    if (typeof next === "function") throw new UsageError("then: a schedule is not a promise, got a callback; do not await it or return it from an async function");
    checkOptions("then", options, ["at"]);
    const { at = this.steps } = options;
    if (at === Infinity && options.at === undefined) {
      throw new UsageError(`then: the ${this.lastShape} schedule before it never ends, got no step to switch at; give it steps, or then(next, { at })`);
    }
    return new Schedule({ shape: "sequence", parts: [this.description, asSchedule(next).description], at: [at] });
  }

  /**
   * this(t) * other(t); with a number, the same as `scale`.
   *
   * Range:  at most one factor with an open `from`, which then makes the product start where the schedule before it ended.
   * Throws: UsageError if more than one factor is open, or the product may leave +-1e300.
   */
  times(other: Schedule | number): Schedule {
    if (typeof other === "number") return this.scale(other);
    return new Schedule({ shape: "product", factors: [this.description, asSchedule(other).description] });
  }

  /**
   * factor * this(t).
   *
   * Range:  any finite factor; an open `from` becomes 1 / factor of where the schedule before it ended.
   * Throws: UsageError if the factor is not finite, or the result may leave +-1e300.
   */
  scale(factor: number): Schedule {
    return new Schedule({ shape: "scale", of: this.description, by: factor });
  }

  /**
   * This schedule `steps` later: until then `value`, by default its own first value.
   *
   * Range:  steps >= 0; value 0 keeps parameters frozen at the start.
   * Throws: UsageError for an unknown option or a number out of range.
   */
  delay(steps: number, options: { value?: number } = {}): Schedule {
    checkOptions("delay", options, ["value"]);
    return new Schedule({ shape: "delay", of: this.description, steps, value: options.value });
  }

  /**
   * min(max, max(min, this schedule)), at every step.
   *
   * Range:  min <= max; either may be left out.
   * Throws: UsageError for an unknown option, no bound at all, or bounds that cross.
   */
  clamp(options: { min?: number; max?: number }): Schedule {
    checkOptions("clamp", options, ["min", "max"]);
    return new Schedule({ shape: "clamp", of: this.description, min: options?.min, max: options?.max });
  }

  /** Plain data; `fromJSON` gives back the same function, bit for bit. Throws UsageError if a `lambda` is in it. */
  toJSON(): Description {
    if (some(this.description, ({ shape }) => shape === "lambda")) {
      throw new UsageError(
        "toJSON: a function of your own cannot be saved, got a schedule with a lambda in it; build it of the catalogue's shapes (piecewise takes a table of values), or set it again after loading",
      );
    }
    return structuredClone(this.description);
  }

  /** The description itself, frozen, with functions in it. For what analyses schedules. */
  toDescription(): Description {
    return this.description;
  }

  private get lastShape(): string {
    const { description } = this;
    return description.shape === "sequence" ? description.parts.at(-1)!.shape : description.shape;
  }
}

/** A schedule of what `toJSON` gave, or of its parsed text. Throws UsageError for anything else. */
export function fromJSON(description: unknown): Schedule {
  return new Schedule(walk.normal("schedule.fromJSON", description));
}

/** A number stands for itself at every step. */
export function asSchedule(value: Schedule | number): Schedule {
  if (value instanceof Schedule) return value;
  if (typeof value === "number") return new Schedule({ shape: "constant", value });
  throw new UsageError(`schedule: needs a number or a schedule, got ${value === null ? "null" : typeof value}`);
}
