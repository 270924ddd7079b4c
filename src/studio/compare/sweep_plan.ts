// What a sweep will run: the settings of the form with one of them changed, at each of several seeds.
import { parseSetting, settingNames, settingRules } from "../../recipe/rules.js";
import { parseSchedule } from "../../recipe/schedule_expression.js";
import { checkSettings, optimizers, type TrainSettings } from "../../recipe/settings.js";
import { errorOf, type SettingName } from "../state/settings.js";
import { settingsAtRate } from "./clone_settings.js";
import { settingText } from "./columns.js";

export type SweepValue = TrainSettings[SettingName];

export interface SweepPoint {
  value: SweepValue;
  seed: number;
  settings: TrainSettings;
}

/** These differ between texts or only say how a run is watched. */
const notSwept: readonly SettingName[] = ["data", "schedule", "vectorSchedule", "betas", "evalEvery", "evalBatches", "checkpointEvery", "sample", "steps"];
/** Without effect beside an expression, but for the peak, which scales it. */
const ofPlainSchedule: readonly SettingName[] = ["minLr", "warmup", "decay"];
const mostLookedAt = 1e5;
const first: readonly SettingName[] = ["lr", "warmup", "width", "optimizer", "seed"];

/** Those that mean something beside the others, the likeliest first. */
export function sweepable({ schedule, normType }: TrainSettings): SettingName[] {
  const fits = (name: SettingName) => !notSwept.includes(name) && !(schedule !== "" && ofPlainSchedule.includes(name)) && !(normType === "none" && name === "norm");
  return [...first, ...settingNames.filter((name) => !first.includes(name))].filter(fits);
}

/** Values worth a try, as they are typed. The form's own is among them. */
export function suggestedValues(name: SettingName, settings: TrainSettings): string {
  return suggestions(name, settings).map((value) => (typeof value === "boolean" ? String(value) : settingText(name, value))).join(", ");
}

function suggestions(name: SettingName, settings: TrainSettings): readonly SweepValue[] {
  const { [name]: now, heads, steps, optimizer, seed } = settings;
  if (name === "lr") return [0.25, 0.5, 1, 2, 4].map((factor) => Number((peakOf(settings) * factor).toPrecision(3)));
  if (name === "warmup") return unique([0, ...[0.02, 0.05, 0.1, 0.2, 0.4].map((share) => Math.round(share * steps)), now as number]);
  if (name === "width") return unique([0.5, 1, 2].map((factor) => Math.max(heads, Math.round(((now as number) * factor) / heads) * heads)));
  if (name === "optimizer") return unique([optimizer, ...optimizers.filter((known) => ["adamw", "sgd", "lion"].includes(known))]);
  if (name === "seed") return [0, 1, 2].map((more) => seed + more);
  const rule = settingRules[name];
  if (rule.kind === "choice") return rule.choices as readonly SweepValue[];
  if (rule.kind === "toggle") return [false, true];
  if (rule.kind !== "number") return [now];
  const { integer, min = -Infinity, below = Infinity, max = Infinity } = rule.range;
  const around = now === 0 ? [0, rule.range.example / 2, rule.range.example] : [0.5, 1, 2].map((factor) => (now as number) * factor);
  return unique(around.map((value) => (integer ? Math.round(value) : Number(value.toPrecision(3)))).filter((value) => value >= min && value < below && value <= max));
}

/** The highest rate of the run. */
export function peakOf({ schedule, lr, steps }: TrainSettings): number {
  if (schedule === "") return lr;
  const rates = parseSchedule(schedule);
  let peak = 0;
  for (let t = 0; t < Math.min(steps, mostLookedAt); t++) peak = Math.max(peak, rates.at(t));
  return peak;
}

function unique<T extends SweepValue>(values: readonly T[]): T[] {
  const list = [...new Set(values)];
  return typeof list[0] === "number" ? list.sort((a, b) => Number(a) - Number(b)) : list;
}

/** Numbers or words with commas between. Throws UsageError that begins with the setting's name. */
export function parseValues(name: SettingName, text: string): SweepValue[] {
  const parts = text.split(",").map((part) => part.trim()).filter(Boolean);
  return unique(parts.map((part) => parseSetting(name, part)));
}

/** Value by value, at all seeds of one before the next. */
export function sweepPoints(base: TrainSettings, name: SettingName, values: readonly SweepValue[], seeds: number): SweepPoint[] {
  return values.flatMap((value) =>
    (name === "seed" ? [value as number] : Array.from({ length: seeds }, (_, i) => base.seed + i)).map((seed) => ({ value, seed, settings: settingsAt(base, name, value, seed) })),
  );
}

function settingsAt(base: TrainSettings, name: SettingName, value: SweepValue, seed: number): TrainSettings {
  // What is compared is the loss after the last step: there must be one.
  const seeded = { ...base, seed, evalEvery: base.evalEvery > 0 ? base.evalEvery : base.steps };
  // The last rate and an expression keep their place below the peak.
  if (name === "lr") return { ...settingsAtRate(seeded, (value as number) / peakOf(base)), lr: value as number };
  return { ...seeded, [name]: value };
}

/** Why the sweep cannot run as it is; null where it can. */
export function sweepProblem(base: TrainSettings, name: SettingName, text: string, seeds: number): string | null {
  let values: SweepValue[] = [];
  const unreadable = errorOf(() => (values = parseValues(name, text)));
  if (unreadable) return `${unreadable.field}: ${unreadable.message}`;
  if (values.length < 2) return "Give at least two values, with a comma between.";
  if (!Number.isInteger(seeds) || seeds < 1 || seeds > 20) return "Seeds: needs a whole number from 1 to 20.";
  for (const { value, settings } of sweepPoints(base, name, values, seeds)) {
    const wrong = errorOf(() => checkSettings(settings));
    if (wrong) return `${settingText(name, value)} does not go with the other settings. ${wrong.field}: ${wrong.message}`;
  }
  return null;
}
