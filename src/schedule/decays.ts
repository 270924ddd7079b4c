// Constructors of schedules that hold or fall.
import type { ConstantDescription } from "./constant.js";
import type { CosineDescription } from "./cosine.js";
import type { LinearDescription } from "./linear.js";
import { Schedule } from "./schedule.js";

type Options<D> = Omit<D, "shape">;

/** The same value at every step. With `steps`, another schedule can follow. */
export function constant(value: number, options: Omit<Options<ConstantDescription>, "value"> = {}): Schedule {
  return new Schedule({ ...options, shape: "constant", value });
}

/**
 * Straight line: from + (to - from) * t / steps for t < steps, then `to`.
 *
 * Range:  to = 0; steps >= 0; without `from` it starts where the schedule before it ended.
 * Throws: UsageError for an unknown option or a number out of range.
 */
export function linear(options: Options<LinearDescription>): Schedule {
  return new Schedule({ ...options, shape: "linear" });
}

/**
 * Half a period of cosine: to + (from - to) * (1 + cos(pi t / steps)) / 2 for t < steps, then `to`.
 *
 * Range:  to = 0; steps >= 0; without `from` it starts where the schedule before it ended.
 * Throws: UsageError for an unknown option or a number out of range.
 * Source: Loshchilov and Hutter, "SGDR", 2016, without restarts.
 */
export function cosine(options: Options<CosineDescription>): Schedule {
  return new Schedule({ ...options, shape: "cosine" });
}
