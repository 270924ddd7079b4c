// All there is to measure, and the choice of it.
import { UsageError } from "../../errors.js";
import type { Case } from "../bench.js";
import { kernelCases } from "./kernels.js";
import { optimizerCases } from "./optimizers.js";
import { stepCases } from "./step.js";

export const suites = ["optimizers", "kernels", "step"] as const;
/** Groups of `kernels` that may be asked for alone. */
export const kernelGroups = ["matmul", "layer-norm", "batch-norm", "cross-entropy", "attention", "embedding", "dropout"] as const;

export interface Choice {
  /** Suites and groups of kernels; empty for all suites. */
  names: readonly string[];
  isQuick: boolean;
  /** Of suite, name and shape, without regard to case. */
  filter?: string | undefined;
}

/**
 * The cases of a choice, in a fixed order.
 *
 * Throws: UsageError for a name that is neither suite nor group, or where nothing is left.
 */
export function casesOf({ names, isQuick, filter }: Choice): Case[] {
  const known: readonly string[] = [...suites, ...kernelGroups];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new UsageError(`kiln bench: unknown suite, got "${unknown}"; use ${known.join(", ")}`);
  const all = [...optimizerCases(isQuick), ...kernelCases(isQuick), ...stepCases(isQuick)];
  const wanted = all.filter(({ suite, name }) => names.length === 0 || names.includes(suite) || (suite === "kernels" && names.includes(name.split(" ")[0]!)));
  const left = wanted.filter((one) => !filter || textOf(one).includes(filter.toLowerCase()));
  if (left.length === 0) throw new UsageError(`kiln bench: nothing is left to measure, got --filter "${filter}"; it must be part of a suite, a name or a shape, such as "${textOf(wanted[0]!)}"`);
  return left;
}

function textOf({ suite, name, shape }: Case): string {
  return `${suite} ${name} ${shape}`.toLowerCase();
}
