// Constructors of schedules that rise to the peak rate.
import { UsageError } from "../errors.js";
import { checkOptions } from "../options.js";
import { checkSteps, stepsOfRatio } from "./checks.js";
import type { NoamDescription } from "./noam.js";
import { Schedule } from "./schedule.js";
import type { WarmupDescription } from "./warmup.js";
import type { WarmupStableDecayDescription } from "./warmup_stable_decay.js";

type Options<D> = Omit<D, "shape">;

/** The length in steps, or as a ratio of a total. */
export interface WarmupOptions extends Omit<Options<WarmupDescription>, "steps"> {
  readonly steps?: number | undefined;
  /** steps = ceil(ratio * total), as Hugging Face's warmup_ratio. */
  readonly ratio?: number | undefined;
  readonly total?: number | undefined;
}

/**
 * A ramp: from + (to - from) * progress for t < steps, then `to`.
 *
 * Range:  steps >= 0 (0 means none), or ratio in [0, 1] of total, rounded up to a whole step; from = 0; convention
 *         "huggingface" (progress t / steps), "llmc" ((t + 1) / steps), "nanogpt" ((t + 1) / (steps + 1)) or "pytorch"
 *         (t / steps, from = to / 3); curve "linear", "constant" (`from`, then a jump), "exponential"
 *         (from * (to / from)^progress, both > 0) or "cosine" (from + (to - from) * (1 - cos(pi progress)) / 2);
 *         oscillation { amplitude in [0, 1], period > 0 in steps }: the ramp times 1 + amplitude * sin(2 pi t / period).
 * Throws: UsageError for an unknown option, convention or curve, or a number out of range.
 * Source: Goyal et al., "Accurate, large minibatch SGD", 2017 (linear); He et al., "Deep residual learning", 2015 (constant).
 *         The conventions are of four programs that people train with; they differ at step 0.
 */
export function warmup(options: WarmupOptions): Schedule {
  checkOptions("warmup", options, ["steps", "ratio", "total", "to", "from", "convention", "curve", "oscillation"]);
  const { ratio, total, ...rest } = options ?? {};
  if (ratio === undefined && total === undefined) return new Schedule({ ...(rest as Options<WarmupDescription>), shape: "warmup" });
  if (rest.steps !== undefined) throw new UsageError(`warmup: needs steps, or ratio and total, got steps ${rest.steps} and ratio ${ratio} of ${total}`);
  return new Schedule({ ...rest, shape: "warmup", steps: stepsOfRatio("warmup", ratio, total) });
}

/** The ramp in steps, or as a ratio of a total. */
export interface NoamOptions extends Omit<Options<NoamDescription>, "warmup"> {
  readonly warmup: number | { readonly ratio: number; readonly total: number };
}

/**
 * scale * width^-0.5 * min((t + 1)^-0.5, (t + 1) * warmup^-1.5): a linear warmup and an inverse square root decay in one.
 *
 * Range:  width > 0 (the model's); warmup >= 0 steps (0 means none) or { ratio, total }, rounded up to a whole step; scale = 1.
 * Throws: UsageError for an unknown option or a number out of range.
 * Source: Vaswani et al., "Attention is all you need", 2017, section 5.3, with steps counted from 1 there.
 */
export function noam(options: NoamOptions): Schedule {
  const { warmup } = options ?? {};
  return new Schedule({ ...options, shape: "noam", warmup: wholeSteps("noam", "warmup", warmup, undefined) });
}

/** Parts in steps, or as ratios of `total`. */
export interface WarmupStableDecayOptions extends Omit<Options<WarmupStableDecayDescription>, "warmup" | "stable" | "decay"> {
  /** 0 by default. */
  readonly warmup?: number | { readonly ratio: number } | undefined;
  /** What `total` leaves, by default. */
  readonly stable?: number | undefined;
  readonly decay: number | { readonly ratio: number };
  /** Steps of all parts together. */
  readonly total?: number | undefined;
}

/**
 * A ramp from `from` to `to` over `warmup` steps, `to` for `stable` steps, a fall to `end` over `decay` steps, then `end`.
 *
 * Range:  warmup = 0; warmup and decay in steps >= 0, or { ratio } of total, rounded up to a whole step; stable in steps, or left
 *         out with total given; from and end = 0; convention and warmupCurve as in `warmup`; decayCurve "linear", "cosine" or
 *         "1-sqrt" (to + (end - to) * sqrt(progress)).
 * Throws: UsageError for an unknown option or curve, a number out of range, or parts that do not add up to total.
 * Source: Hu et al., "MiniCPM", 2024; 1-sqrt: Hägele et al., "Scaling laws beyond fixed training durations", 2024.
 */
export function warmupStableDecay(options: WarmupStableDecayOptions): Schedule {
  const where = "warmupStableDecay";
  checkOptions(where, options, ["warmup", "stable", "decay", "total", "to", "from", "end", "convention", "warmupCurve", "decayCurve"]);
  const { total, warmup = 0, stable, decay, ...rest } = options ?? {};
  const [ramp, fall] = [wholeSteps(where, "warmup", warmup, total), wholeSteps(where, "decay", decay, total)];
  if (total !== undefined) checkTotal(where, checkSteps(where, "total", total), ramp, stable, fall);
  const hold = stable ?? (total === undefined ? undefined : total - ramp - fall);
  if (hold === undefined) throw new UsageError(`${where}: needs stable or total, got neither`);
  return new Schedule({ ...rest, shape: "warmupStableDecay", warmup: ramp, stable: hold, decay: fall });
}

function checkTotal(where: string, total: number, warmup: number, stable: number | undefined, decay: number): void {
  const taken = warmup + (stable ?? 0) + decay;
  if (stable === undefined ? taken > total : taken !== total) {
    throw new UsageError(`${where}: the parts must add up to total, got warmup ${warmup}, stable ${stable ?? "what is left"} and decay ${decay} of ${total}`);
  }
}

/** A number of steps, given as such or as a ratio of a total. */
function wholeSteps(where: string, name: string, value: unknown, total: number | undefined): number {
  if (typeof value !== "object" || value === null) return checkSteps(where, name, value);
  checkOptions(`${where}: ${name}`, value, total === undefined ? ["ratio", "total"] : ["ratio"]);
  const { ratio, total: own } = value as { ratio?: unknown; total?: unknown };
  return stepsOfRatio(`${where}: ${name}`, ratio, total ?? own);
}
