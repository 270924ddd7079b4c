// Private to the ops folder.
import { UsageError } from "../errors.js";
import type { Reduction } from "../kernels/loss_reduce.js";

/** Throws unless `reduction` is one of the three. */
export function checkReduction(op: string, reduction: Reduction): Reduction {
  if (!["mean", "sum", "none"].includes(reduction)) {
    throw new UsageError(`${op}: reduction must be mean, sum or none, got "${String(reduction)}"`);
  }
  return reduction;
}
