// Mixed precision: inside autocast(), products take and give f16. Which ops do what is said where they are.
import { UsageError } from "../errors.js";
import { checkOptions } from "../options.js";
import { setting, settingChanges } from "./tracker.js";

/** Options of `autocast`. */
export interface AutocastOptions {
  /** The type of products. */
  dtype: "f16";
  /** True by default; false computes in f32, also inside another autocast. */
  enabled?: boolean;
}

const state: { dtype: "f16" | null } = { dtype: null };

/** What products compute in here; null for the types of their operands. */
export function autocastDType(): "f16" | null {
  return setting(state, () => state.dtype);
}

/**
 * Runs `fn` in mixed precision: matmul, linear, feedForward and attention round their operands to f16, add up in f32 and
 * give f16; norms read any float and give f16, computing in f32; softmax, losses and reductions give f32. Weights stay
 * f32, and so do their gradients. backward() may run inside or outside.
 *
 * Range:  small gradients vanish in f16: scale the loss (an optimizer's `lossScale` and `scaleLoss`).
 * Throws: UsageError for another dtype, an unknown option, or if `fn` is asynchronous; inside, FeatureError by the first
 *         op that needs f16 on an adapter without "shader-f16".
 * Source: Micikevicius et al. 2018, arXiv 1710.03740; PyTorch's autocast, whose norms give f32.
 */
export function autocast<T>(options: AutocastOptions, fn: () => T): T {
  checkOptions("autocast", options, ["dtype", "enabled"]);
  if (options?.dtype !== "f16") throw new UsageError(`autocast: dtype must be "f16", got ${JSON.stringify(options?.dtype)}`);
  const { enabled = true } = options;
  if (typeof enabled !== "boolean") throw new UsageError(`autocast: enabled must be true or false, got ${String(enabled)}`);
  const result = withDType(enabled ? "f16" : null, fn);
  if (result instanceof Promise) {
    // The caller gets this error instead.
    result.catch(() => {});
    throw new UsageError("autocast: the function returned a promise, and what follows its first await would compute in f32; await outside");
  }
  return result;
}

function withDType<T>(dtype: "f16" | null, fn: () => T): T {
  const before = autocastDType();
  settingChanges(state);
  state.dtype = dtype;
  try {
    return fn();
  } finally {
    state.dtype = before;
  }
}
