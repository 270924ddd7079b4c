// A sweep as it runs: which run is next, and what has become of those before. Pure; sweep.ts carries it out.
import type { RunId, RunStatus } from "../protocol.js";
import type { SettingName } from "../state/settings.js";
import type { SweepPoint } from "./sweep_plan.js";

export interface QueuedPoint extends SweepPoint {
  /** Null before it was started. */
  run: RunId | null;
}

export interface Sweep {
  setting: SettingName;
  points: readonly QueuedPoint[];
  /** waiting: until the user goes on, after a pause or a reload. */
  state: "running" | "waiting" | "ended";
  /** Why it waits or ended, for the user. */
  message: string | null;
}

export type Action = { kind: "start" | "resume" | "watch" | "wait"; index: number } | { kind: "end" };

/** Ended for the sweep: the user may skip a run by stopping it. */
const over: readonly RunStatus[] = ["done", "failed", "stopped"];

/** What to do now. `statusOf` gives undefined for a run that was deleted. A run that was not seen running since the sweep went on is resumed. */
export function nextAction({ points }: Pick<Sweep, "points">, statusOf: (run: RunId) => RunStatus | undefined, seenRunning: ReadonlySet<RunId>): Action {
  for (const [index, { run }] of points.entries()) {
    if (run === null) return { kind: "start", index };
    const status = statusOf(run);
    if (status === undefined || over.includes(status)) continue;
    if (status === "running") return { kind: "watch", index };
    // A run that stands still after it ran was paused by the user.
    return { kind: seenRunning.has(run) ? "wait" : "resume", index };
  }
  return { kind: "end" };
}

export interface SweepProgress {
  finished: number;
  total: number;
  /** From 0 to 1, steps of the run that trains included. */
  share: number;
  /** Of the run that is under way. */
  current: QueuedPoint | null;
}

export function progressOf({ points }: Pick<Sweep, "points">, runOf: (run: RunId) => { status: RunStatus; step: number; settings: { steps: number } } | undefined): SweepProgress {
  let [finished, part, current] = [0, 0, null as QueuedPoint | null];
  for (const point of points) {
    if (point.run === null) continue;
    const run = runOf(point.run);
    if (!run || over.includes(run.status)) finished++;
    else [part, current] = [run.step / run.settings.steps, point];
  }
  return { finished, total: points.length, share: points.length === 0 ? 0 : (finished + part) / points.length, current };
}
