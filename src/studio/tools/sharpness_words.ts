// What a sharpness says about the rate, in a sentence or two.
import { rate } from "../layout/format.js";
import type { SharpnessMeasurement, SharpnessRow } from "../protocol.js";

export type Stability = Pick<SharpnessMeasurement, "verdict" | "rate" | "share"> & SharpnessRow & Partial<Pick<SharpnessMeasurement, "error" | "preconditioned">>;

/** As tune.sharpness has it: training itself hovers about the edge. */
const nearness = 0.1;

/** Of a row of the chart, with the rate of its step. */
export function stabilityOfRow(row: SharpnessRow, lr: number): Stability {
  const share = lr / row.threshold;
  const verdict = !isNumber(row.threshold) || !(share >= 0) ? "unknown" : share > 1 + nearness ? "past" : share < 1 - nearness ? "inside" : "at";
  return { ...row, rate: lr, share, verdict };
}

export function stabilityWords(found: Stability): string {
  const { sharpness, error, threshold, verdict, share } = found;
  if (!isNumber(sharpness)) return "Too uncertain to tell: the error was as large as the curvature. That is so where hardly anything is left to learn.";
  const curvature = `${number(sharpness)}${error === undefined ? "" : ` ± ${number(error)}`}`;
  if (threshold === Infinity) return `Nothing curves upward here (the highest curvature is ${curvature}), so no rate is past the edge of stability.`;
  if (!isNumber(threshold)) return `The highest curvature is ${curvature}. No rule says which rates are stable for this optimizer: its steps are as long whatever the gradient.`;
  const edge = `steps are stable up to a rate of ${rate(threshold)}, where the sharpest direction has a curvature of ${curvature}`;
  const now = `the rate of ${rate(found.rate)} is`;
  switch (verdict) {
    case "inside":
      return `Inside the edge of stability: ${edge}; ${now} ${percent(share)} of that. The rate could still be higher here.`;
    case "at":
      return `At the edge of stability: ${edge}; ${now} ${percent(share)} of that. Training often settles here by itself; a higher rate would make the loss swing.`;
    case "past":
      return `Past the edge of stability: ${edge}; ${now} ${times(share)} that. Steps overshoot along that direction: the loss swings or jumps until the model has moved to a flatter place. A longer warmup gets there gently, a lower rate avoids it.`;
    case "unknown":
      return `Too uncertain to tell: the curvature is ${curvature}. That is so where hardly anything is left to learn.`;
  }
}

/** What went through JSON has null for NaN. */
const isNumber = (value: number | null) => value !== null && !Number.isNaN(value);
const number = (value: number) => String(Number(value.toPrecision(3)));
const percent = (share: number) => `${Number((100 * share).toPrecision(2))}%`;
const times = (share: number) => `${Number(share.toPrecision(2))} times`;
