// The tool that is at work, and what each has found last.
import { proxy } from "comlink";
import { computed, signal } from "@preact/signals";
import { worker } from "../client.js";
import type { AdviceResult, Progress, RangeTestResult, RunId, SharpnessMeasurement } from "../protocol.js";
import type { TrainSettings } from "../../recipe/settings.js";
import { estimateError } from "../state/estimate.js";
import { device } from "../state/runs.js";
import { settings, settingsError, textOfSettings } from "../state/settings.js";

export type ToolName = "range" | "advice" | "sharpness";

export interface ToolAtWork {
  tool: ToolName;
  /** From 0 to 1. */
  share: number;
  text: string;
  cancelling: boolean;
}

/** What a tool found on a model of these settings. */
export interface Found<T> {
  result: T;
  settings: TrainSettings;
  text: string | null;
}

/** One at a time: they share the device. */
export const atWork = signal<ToolAtWork | null>(null);
/** How each tool ended, where it found nothing. */
export const endings = signal<Readonly<Partial<Record<ToolName, { failed: boolean; text: string }>>>>({});
export const foundRange = signal<Found<RangeTestResult> | null>(null);
export const foundAdvice = signal<Found<AdviceResult> | null>(null);
export const foundSharpness = signal<{ run: RunId; result: SharpnessMeasurement; seconds: number } | null>(null);

/** Why a tool cannot look at the settings of the form; null where it can. */
export const reasonAgainst = computed(() => {
  if (!device.value) return "There is no device yet.";
  const wrong = settingsError.value ?? estimateError.value;
  return wrong ? `The settings do not make a run: ${wrong.field} – ${wrong.message}` : null;
});

/** Whether what was found is of the settings that the form has now. */
export function isOfForm({ settings: those, text }: Found<unknown>): boolean {
  return JSON.stringify(those) === JSON.stringify(settings.value) && text === textOfSettings.value;
}

export function startRangeTest(): Promise<void> {
  const asked = { settings: settings.value, text: textOfSettings.value };
  return perform("range", async (onProgress) => {
    foundRange.value = { ...asked, result: await worker.rangeTest(asked.settings, asked.text, onProgress) };
  });
}

export function startAdvice(): Promise<void> {
  const asked = { settings: settings.value, text: textOfSettings.value };
  return perform("advice", async (onProgress) => {
    foundAdvice.value = { ...asked, result: await worker.advise(asked.settings, asked.text, onProgress) };
  });
}

export function startSharpness(run: RunId): Promise<void> {
  return perform("sharpness", async (onProgress) => {
    const started = performance.now();
    const result = await worker.measureSharpness(run, onProgress);
    foundSharpness.value = { run, result, seconds: (performance.now() - started) / 1000 };
  });
}

export async function cancel(): Promise<void> {
  if (!atWork.value) return;
  atWork.value = { ...atWork.value, cancelling: true };
  await worker.cancelTool();
}

async function perform(tool: ToolName, work: (onProgress: Progress & ReturnType<typeof proxy<Progress>>) => Promise<void>): Promise<void> {
  if (atWork.value) return;
  atWork.value = { tool, share: 0, text: "Starting", cancelling: false };
  const onProgress: Progress = (share, text) => {
    if (atWork.value) atWork.value = { ...atWork.value, share, text };
  };
  try {
    await work(proxy(onProgress));
    end(tool, null);
  } catch (error) {
    const cancelled = atWork.value.cancelling || (error instanceof Error && error.name === "AbortError");
    end(tool, cancelled ? { failed: false, text: "Cancelled." } : { failed: true, text: error instanceof Error ? error.message : String(error) });
  } finally {
    atWork.value = null;
  }
}

function end(tool: ToolName, ending: { failed: boolean; text: string } | null): void {
  const { [tool]: _, ...others } = endings.value;
  endings.value = ending ? { ...others, [tool]: ending } : others;
}
