// What the settings in the form would make: the worker's estimate, a moment after the last change.
import { effect, signal, untracked } from "@preact/signals";
import { worker } from "../client.js";
import type { Estimate } from "../protocol.js";
import { device } from "./runs.js";
import { fieldError, settings, settingsError, textOfSettings, type SettingName } from "./settings.js";

/** Of the last settings that made sense; null before the first. */
export const estimate = signal<Estimate | null>(null);
/** What only the data or the device can tell: at the field that it is about. */
export const estimateError = signal<{ field: SettingName; message: string } | null>(null);
export const estimating = signal(false);

const quiet_ms = 300;
let newest = 0;

/** Follows the form from now on. Returns what ends it. */
export function followSettings(): () => void {
  return effect(() => {
    const [wanted, text, hasDevice, isWrong] = [settings.value, textOfSettings.value, Boolean(device.value), settingsError.value !== null];
    const number = ++newest;
    untracked(() => {
      estimateError.value = null;
      estimating.value = hasDevice && !isWrong;
    });
    if (!hasDevice || isWrong) return;
    const timer = setTimeout(async () => {
      const result = await worker.estimate(wanted, text).then(
        (value) => ({ value, error: null }),
        (error: unknown) => ({ value: null, error: fieldError(error instanceof Error ? error.message : String(error)) }),
      );
      // A later change has asked again.
      if (number !== newest) return;
      estimating.value = false;
      estimateError.value = result.error;
      if (result.value) estimate.value = result.value;
    }, quiet_ms);
    return () => clearTimeout(timer);
  });
}
