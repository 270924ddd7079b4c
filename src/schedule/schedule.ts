// A schedule: a pure function of the optimizer's step, carried as plain data.
import { UsageError } from "../errors.js";
import { checkNumber, checkOptions } from "../options.js";
import type { ConstantDescription } from "./constant.js";
import type { CosineDescription } from "./cosine.js";
import { walk, type Description } from "./description.js";
import type { LinearDescription } from "./linear.js";
import type { WarmupDescription } from "./warmup.js";

/** Immutable. `t` counts optimizer steps already taken: the first step is t = 0. */
export class Schedule {
  private readonly description: Description;

  /** Use `warmup`, `constant`, `linear`, `cosine` or `fromJSON`. */
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
   * The value at step t, in float64. Past the end, the last value.
   *
   * Throws: UsageError if t is negative or not finite, or if the schedule starts where another one ends and has none before it.
   */
  at(t: number): number {
    return walk.at(this.description, checkNumber("schedule.at", "t", t, { min: 0 }));
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
    return new Schedule({ shape: "sequence", first: this.description, next: asSchedule(next).description, ...options });
  }

  /** Plain data; `fromJSON` gives back the same function, bit for bit. */
  toJSON(): Description {
    return structuredClone(this.description);
  }
}

type Options<D> = Omit<D, "shape">;

/**
 * Linear warmup: from + (to - from) * progress for t < steps, then `to`.
 *
 * Range:  steps >= 0 (0 means none); from = 0; convention "huggingface" (progress t / steps), "llmc" ((t + 1) / steps),
 *         "nanogpt" ((t + 1) / (steps + 1)) or "pytorch" (t / steps, from = to / 3).
 * Throws: UsageError for an unknown option or convention, or a number out of range.
 * Source: the four schedules that people train with, which differ at step 0.
 */
export function warmup(options: Options<WarmupDescription>): Schedule {
  return new Schedule({ shape: "warmup", ...options });
}

/** The same value at every step. With `steps`, another schedule can follow. */
export function constant(value: number, options: Omit<Options<ConstantDescription>, "value"> = {}): Schedule {
  return new Schedule({ shape: "constant", value, ...options });
}

/**
 * Straight line: from + (to - from) * t / steps for t < steps, then `to`.
 *
 * Range:  to = 0; steps >= 0; without `from` it starts where the schedule before it ended.
 * Throws: UsageError for an unknown option or a number out of range.
 */
export function linear(options: Options<LinearDescription>): Schedule {
  return new Schedule({ shape: "linear", ...options });
}

/**
 * Half a period of cosine: to + (from - to) * (1 + cos(pi t / steps)) / 2 for t < steps, then `to`.
 *
 * Range:  to = 0; steps >= 0; without `from` it starts where the schedule before it ended.
 * Throws: UsageError for an unknown option or a number out of range.
 * Source: Loshchilov and Hutter, "SGDR", 2016, without restarts.
 */
export function cosine(options: Options<CosineDescription>): Schedule {
  return new Schedule({ shape: "cosine", ...options });
}

/** A schedule of what `toJSON` gave, or of its parsed text. Throws UsageError for anything else. */
export function fromJSON(description: unknown): Schedule {
  return new Schedule(walk.normal("schedule.fromJSON", description));
}

/** A number stands for itself at every step. */
export function asSchedule(value: Schedule | number): Schedule {
  if (value instanceof Schedule) return value;
  if (typeof value === "number") return constant(value);
  throw new UsageError(`schedule: needs a number or a schedule, got ${value === null ? "null" : typeof value}`);
}
