import { checkNumber, checkOptions } from "../options.js";
import type { Family } from "./family.js";

/** value, for `steps` steps when another schedule follows. */
export interface ConstantDescription {
  readonly shape: "constant";
  readonly value: number;
  /** Absent: for ever. */
  readonly steps?: number;
}

export const constantFamily: Family<ConstantDescription, unknown> = {
  shape: "constant",
  normal(description) {
    checkOptions("constant", description, ["shape", "value", "steps"]);
    const { value, steps } = description;
    checkNumber("constant", "value", value);
    if (steps === undefined) return { shape: "constant", value };
    return { shape: "constant", value, steps: checkNumber("constant", "steps", steps, { min: 0, integer: true }) };
  },
  at: ({ value }) => value,
  steps: ({ steps }) => steps ?? Infinity,
};
