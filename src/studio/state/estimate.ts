// What the settings in the form would make: the worker's estimate, a moment after the last change.
import { computed, effect, signal, untracked } from "@preact/signals";
import { worker } from "../client.js";
import type { Estimate } from "../protocol.js";
import { device } from "./runs.js";
import { fieldError, settings, settingsError, textOfSettings, type SettingName } from "./settings.js";

/** Of the last settings that made sense; null before the first. */
export const estimate = signal<Estimate | null>(null);
/** What only the data or the device can tell: at the field that it is about. */
export const estimateError = signal<{ field: SettingName; message: string } | null>(null);
export const estimating = signal(false);
/** What the engine says of a model that no device like this one can hold. */
const refusal = signal<string | null>(null);
/** Why the device cannot hold such a run; null where it can, and where that is not known. */
export const wontFit = computed(() => refusal.value ?? estimate.value?.wontFit ?? null);

const quiet_ms = 300;
let newest = 0;

/** Follows the form from now on. Returns what ends it. */
export function followSettings(): () => void {
  return effect(() => {
    const [wanted, text, hasDevice, isWrong] = [settings.value, textOfSettings.value, Boolean(device.value), settingsError.value !== null];
    const number = ++newest;
    untracked(() => {
      estimateError.value = null;
      refusal.value = null;
      estimating.value = hasDevice && !isWrong;
    });
    if (!hasDevice || isWrong) return;
    const timer = setTimeout(async () => {
      const result = await worker.estimate(wanted, text).then(
        (value) => ({ value, error: null }),
        (error: unknown) => ({ value: null, error: error instanceof Error ? error : new Error(String(error)) }),
      );
      // A later change has asked again.
      if (number !== newest) return;
      estimating.value = false;
      if (result.value) estimate.value = result.value;
      else tell(result.error!);
    }, quiet_ms);
    return () => clearTimeout(timer);
  });
}

/** At the setting that the message names, at the data where they are wrong, else of the model as a whole. */
function tell({ name, message }: Error): void {
  const error = fieldError(message);
  if (error.field !== "data" || name === "DataError") estimateError.value = error;
  else refusal.value = message;
}
