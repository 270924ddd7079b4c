// Whether the rates of a schedule are stable where the sharpness of a run was measured.
import type { Schedule } from "../../schedule/index.js";
import type { SharpnessRow } from "../protocol.js";

export interface Stability {
  /** As tune.sharpness says it: at the edge within 10%. */
  verdict: "inside" | "at" | "past";
  /** Where the schedule comes nearest to the edge, or goes furthest past it. */
  step: number;
  rate: number;
  /** The largest stable rate that was measured there. */
  edge: number;
  /** rate over edge. */
  share: number;
}

const nearness = 0.1;

/** null without a measurement that has an edge. Rows count the steps taken: the schedule's rate there is that of the coming step. */
export function stabilityOf(schedule: Schedule, rows: readonly SharpnessRow[]): Stability | null {
  let worst: Stability | null = null;
  for (const { step, threshold: edge } of rows) {
    if (!(edge > 0) || edge === Infinity) continue;
    const rate = schedule.at(step);
    const share = rate / edge;
    if (!worst || share > worst.share) worst = { step, rate, edge, share, verdict: share > 1 + nearness ? "past" : share < 1 - nearness ? "inside" : "at" };
  }
  return worst;
}
