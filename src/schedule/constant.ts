import { checkNumber, checkOptions } from "../options.js";
import { checkSteps } from "./checks.js";
import type { Family } from "./family.js";

/** value, for `steps` steps when another schedule follows. */
export interface ConstantDescription {
  readonly shape: "constant";
  readonly value: number;
  /** Absent: for ever. */
  readonly steps?: number | undefined;
}

export const constantFamily: Family<ConstantDescription, unknown> = {
  shape: "constant",
  normal(description) {
    checkOptions("constant", description, ["shape", "value", "steps"]);
    const { value, steps } = description;
    checkNumber("constant", "value", value);
    return { shape: "constant", value, steps: steps === undefined ? undefined : checkSteps("constant", "steps", steps) };
  },
  at: ({ value }) => value,
  steps: ({ steps }) => steps ?? Infinity,
  bound: ({ value }) => Math.abs(value),
};
