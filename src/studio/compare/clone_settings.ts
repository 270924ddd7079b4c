// The settings of runs made from other runs.
import { parseSchedule } from "../../recipe/schedule_expression.js";
import type { TrainSettings } from "../../recipe/settings.js";
import { withoutWarmup } from "../../schedule/without_warmup.js";
import { expressionText } from "../schedule_editor/expression_text.js";

/** The same settings without a warmup, that of biases and norms included; null where there is none to take away. */
export function settingsWithoutWarmup(settings: TrainSettings): TrainSettings | null {
  const vectors = textWithoutWarmup(settings.vectorSchedule);
  const withVectors = vectors === null ? null : { ...settings, vectorSchedule: vectors };
  if (settings.schedule === "") return settings.warmup > 0 ? { ...(withVectors ?? settings), warmup: 0 } : withVectors;
  const schedule = textWithoutWarmup(settings.schedule);
  return schedule === null ? withVectors : { ...(withVectors ?? settings), schedule };
}

function textWithoutWarmup(text: string): string | null {
  const schedule = text === "" ? null : withoutWarmup(parseSchedule(text));
  return schedule && expressionText(schedule.toDescription());
}

/** The same settings with the whole learning rate times `factor`. */
export function settingsAtRate(settings: TrainSettings, factor: number): TrainSettings {
  const { schedule, lr, minLr } = settings;
  if (schedule === "") return { ...settings, lr: lr * factor, minLr: minLr * factor };
  return { ...settings, schedule: expressionText(parseSchedule(schedule).scale(factor).toDescription()) };
}
