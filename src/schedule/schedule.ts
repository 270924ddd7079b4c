// A schedule: a pure function of the optimizer's step, carried as plain data.
import { UsageError } from "../errors.js";
import { checkNumber, checkOptions } from "../options.js";
import { walk, type Description } from "./description.js";

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
    const value = walk.at(this.description, checkNumber("schedule.at", "t", t, { min: 0 }));
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

  /** Plain data; `fromJSON` gives back the same function, bit for bit. */
  toJSON(): Description {
    return structuredClone(this.description);
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
