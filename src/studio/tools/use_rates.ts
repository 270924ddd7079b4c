// Puts what the tools found into the settings of the next run.
import { scheduleOf } from "../../recipe/schedule_of.js";
import { parseSchedule } from "../../recipe/schedule_expression.js";
import type { TrainSettings } from "../../recipe/settings.js";
import { settingsAtRate } from "../compare/clone_settings.js";
import type { AdviceResult } from "../protocol.js";
import { expressionText } from "../schedule_editor/expression_text.js";
import { loadSettings, settings } from "../state/settings.js";

const mostLookedAt = 10_000;

/** The highest rate of the settings' schedule. */
export function peakOf(wanted: TrainSettings): number {
  if (wanted.schedule === "") return wanted.lr;
  const schedule = scheduleOf(wanted);
  const every = Math.max(1, wanted.steps / mostLookedAt);
  let peak = 0;
  for (let t = 0; t < wanted.steps; t += every) peak = Math.max(peak, schedule.at(Math.floor(t)));
  return peak;
}

/** The whole schedule, and that of biases and norms, in proportion to the new peak. */
export function settingsAtPeak(wanted: TrainSettings, lr: number): TrainSettings {
  const factor = lr / peakOf(wanted);
  const scaled = settingsAtRate(wanted, factor);
  const exact = wanted.schedule === "" ? { ...scaled, lr, minLr: Math.min(lr, Number(scaled.minLr.toPrecision(6))) } : scaled;
  return wanted.vectorSchedule === "" ? exact : { ...exact, vectorSchedule: expressionText(parseSchedule(wanted.vectorSchedule).scale(factor).toDescription()) };
}

export function useAsPeak(lr: number): void {
  loadSettings(settingsAtPeak(settings.value, lr));
}

export function useAdvice({ schedule, vectorSchedule }: AdviceResult): void {
  loadSettings({ ...settings.value, schedule, vectorSchedule });
}
