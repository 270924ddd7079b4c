import { checkNumber, checkOptions } from "../options.js";
import { checkSteps } from "./checks.js";
import type { Family } from "./family.js";

/** scale * width^-0.5 * min((t + 1)^-0.5, (t + 1) * warmup^-1.5). */
export interface NoamDescription {
  readonly shape: "noam";
  readonly width: number;
  readonly warmup: number;
  /** 1 by default. */
  readonly scale?: number | undefined;
}

export const noamFamily: Family<NoamDescription, unknown> = {
  shape: "noam",
  normal(description) {
    checkOptions("noam", description, ["shape", "width", "warmup", "scale"]);
    const { width, warmup, scale = 1 } = description;
    checkNumber("noam", "width", width, { above: 0 });
    checkSteps("noam", "warmup", warmup);
    checkNumber("noam", "scale", scale);
    return { shape: "noam", width, warmup, scale };
  },
  at({ width, warmup, scale = 1 }, t) {
    const step = t + 1;
    return scale * width ** -0.5 * (step < warmup ? step * warmup ** -1.5 : step ** -0.5);
  },
  steps: () => Infinity,
  bound: ({ width, warmup, scale = 1 }) => Math.abs(scale) * width ** -0.5 * Math.max(1, warmup) ** -0.5,
};
