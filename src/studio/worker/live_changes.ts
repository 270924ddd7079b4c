// Changes of a run while it trains: the learning rate is data, so nothing is compiled or recorded again.
import type { Optimizer } from "../../optim/index.js";
import { parseSchedule } from "../../recipe/schedule_expression.js";
import { scheduleOf } from "../../recipe/schedule_of.js";
import type { TrainSettings } from "../../recipe/settings.js";
import type { LiveChange, RunRecord } from "../protocol.js";

/** Puts a change into the optimizer. `settings` are those with it. */
export function applyChange(optimizer: Optimizer, { schedule, vectorSchedule, clip }: LiveChange, settings: TrainSettings): void {
  const [matrices, vectors] = optimizer.paramGroups;
  if (schedule !== undefined) {
    matrices!.lr = scheduleOf(settings);
    if (vectors && settings.vectorSchedule === "") vectors.lr = scheduleOf(settings);
  }
  if (vectorSchedule !== undefined && vectors) vectors.lr = vectorSchedule === "" ? scheduleOf(settings) : parseSchedule(vectorSchedule);
  if (clip !== undefined) optimizer.clipNorm = clip > 0 ? clip : null;
}

/**
 * Steps that are taken a second time, after a lost device or a page that was closed: changes that were made after the
 * checkpoint are made again, each at its step.
 */
export class Replay {
  private from = Infinity;
  private settings: TrainSettings;

  constructor(settings: TrainSettings) {
    this.settings = settings;
  }

  /** The run goes on at `step`, with the settings of its checkpoint. */
  start(step: number, settings: TrainSettings): void {
    this.from = step;
    this.settings = settings;
  }

  /** Settings as they were at this step the first time. */
  settingsAt(step: number, { settings, changes }: RunRecord): TrainSettings {
    return changes.some((entry) => entry.step > step && entry.step >= this.from) ? this.settings : settings;
  }

  /** Makes the changes of this step again. */
  pass(step: number, optimizer: Optimizer, { changes }: RunRecord): void {
    if (step < this.from) return;
    for (const entry of changes) {
      if (entry.step !== step) continue;
      this.settings = { ...this.settings, ...entry.change };
      applyChange(optimizer, entry.change, this.settings);
    }
  }
}
