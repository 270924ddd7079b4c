// The settings of the next run: a preset and what the user changed over it. They may be wrong while the user types.
import { computed, signal } from "@preact/signals";
import { KilnError } from "../../errors.js";
import type { PresetName } from "../../recipe/presets.js";
import { builtInData } from "../data_sources.js";
import { checkSettings, mergeSettings, type TrainSettings } from "../../recipe/settings.js";

export type SettingName = keyof TrainSettings;

/** A text of the user's, by the name that `settings.data` has for it. */
export interface OwnText {
  name: string;
  text: string;
}

export const firstPreset: PresetName = "small";

export const preset = signal<PresetName>(firstPreset);
export const changes = signal<Readonly<Partial<TrainSettings>>>({});
export const ownText = signal<OwnText | null>(null);
/** What cannot be a value of its field, as typed: `settings` has the last good value there. */
export const typingErrors = signal<Readonly<Partial<Record<SettingName, string>>>>({});

export const settings = computed<TrainSettings>(() => mergeSettings(preset.value, changes.value));
/** The text that goes to the worker with `settings`; null where it knows the data by name. */
export const textOfSettings = computed(() => (ownText.value?.name === settings.value.data ? ownText.value.text : null));

/** What is wrong with the values as they stand together. */
export const combinationError = computed(() => dataError() ?? errorOf(() => checkSettings(settings.value)));

function dataError(): { field: SettingName; message: string } | null {
  const { data } = settings.value;
  if (textOfSettings.value !== null) return null;
  let isHere = false;
  const unknown = errorOf(() => (isHere = builtInData(data) !== null));
  if (unknown || isHere) return unknown;
  return { field: "data", message: `the text "${data}" is not here: a link does not hold texts. Choose that file, paste it, or take another text` };
}

/** The first thing wrong with the settings together, at the field that it names. */
export const settingsError = computed<{ field: SettingName; message: string } | null>(() => {
  const mistyped = Object.entries(typingErrors.value)[0];
  return mistyped ? { field: mistyped[0] as SettingName, message: mistyped[1] } : combinationError.value;
});

export function changeSettings(more: Partial<TrainSettings>): void {
  typingErrors.value = without(typingErrors.value, Object.keys(more));
  changes.value = { ...changes.value, ...more };
}

export function applyPreset(name: PresetName): void {
  preset.value = name;
  changes.value = {};
  typingErrors.value = {};
}

/** Makes the next run's settings those of another, such as a run to be cloned. */
export function loadSettings(wanted: TrainSettings, base: PresetName = preset.value): void {
  applyPreset(base);
  changes.value = changesTo(wanted, base);
}

/** What makes `wanted` of a preset. A change may draw others along, which are then taken back by name. */
export function changesTo(wanted: TrainSettings, base: PresetName): Partial<TrainSettings> {
  let result: Partial<TrainSettings> = {};
  for (;;) {
    const merged = mergeSettings(base, result);
    const missing = (Object.keys(wanted) as SettingName[]).filter((name) => !same(merged[name], wanted[name]));
    if (missing.length === 0) return result;
    result = { ...result, ...Object.fromEntries(missing.map((name) => [name, wanted[name]])) };
  }
}

/** The error of `check` as one of a field. Messages of settings begin with the setting's name. */
export function errorOf(check: () => unknown): { field: SettingName; message: string } | null {
  try {
    check();
    return null;
  } catch (error) {
    if (!(error instanceof KilnError)) throw error;
    return fieldError(error.message);
  }
}

/** "width: must be ..." as the error of the field width; of `data` where the message names no setting. */
export function fieldError(message: string): { field: SettingName; message: string } {
  const name = /^(\w+): /.exec(message)?.[1] ?? "";
  const isSetting = Object.hasOwn(settings.value, name);
  return { field: isSetting ? (name as SettingName) : "data", message: isSetting ? message.slice(name.length + 2) : message };
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function without<T extends object>(object: T, names: readonly string[]): T {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name))) as T;
}
