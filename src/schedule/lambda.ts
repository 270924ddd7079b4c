import { UsageError } from "../errors.js";
import { checkOptions } from "../options.js";
import { checkSteps, printed } from "./checks.js";
import type { Family } from "./family.js";

/** fn(t), and fn(steps) from there on. Not plain data: it cannot be saved. */
export interface LambdaDescription {
  readonly shape: "lambda";
  readonly fn: (t: number) => number;
  /** Absent: it never ends. */
  readonly steps?: number | undefined;
}

export const lambdaFamily: Family<LambdaDescription, unknown> = {
  shape: "lambda",
  normal(description) {
    checkOptions("lambda", description, ["shape", "fn", "steps"]);
    const { fn, steps } = description;
    if (typeof fn !== "function") throw new UsageError(`lambda: needs a function of the step, got ${printed(fn)}; saved data cannot hold one: give it again in the program`);
    return { shape: "lambda", fn, steps: steps === undefined ? undefined : checkSteps("lambda", "steps", steps) };
  },
  at({ fn, steps = Infinity }, t) {
    const step = Math.min(t, steps);
    const value: unknown = fn(step);
    if (typeof value === "number" && Number.isFinite(value)) return value;
    throw new UsageError(`lambda: the function must return a finite number, got ${printed(value)} at step ${step}`);
  },
  steps: ({ steps }) => steps ?? Infinity,
};
