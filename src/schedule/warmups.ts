// Constructors of schedules that rise to the peak rate.
import { Schedule } from "./schedule.js";
import type { WarmupDescription } from "./warmup.js";

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
  return new Schedule({ ...options, shape: "warmup" });
}
