// The runs that the page knows, as signals: what the worker told last.
import { computed, signal } from "@preact/signals";
import type { DeviceInfo, RunId, RunRecord, SampledToken } from "../protocol.js";
import { MetricsLog } from "./metrics_log.js";

export interface Run {
  record: RunRecord;
  /** The same object for as long as the run is known; empty until `loadMetrics`. */
  metrics: MetricsLog;
  /** Of the newest sample drawn while training. */
  sample: { step: number; tokens: SampledToken[] } | null;
}

/** A new map, and new Run objects, at each change. */
export const runs = signal<ReadonlyMap<RunId, Run>>(new Map());
/** The run whose settings, text and charts are in front. */
export const selectedRun = signal<RunId | null>(null);
/** Runs whose curves are drawn beside the selected one's. */
export const comparedRuns = signal<ReadonlySet<RunId>>(new Set());
/** Undefined until the worker has answered; null where there is no adapter. */
export const device = signal<DeviceInfo | null | undefined>(undefined);
/** Why there is none. */
export const deviceMessage = signal<string | null>(null);
export const notices = signal<readonly { id: number; level: "info" | "warning" | "error"; text: string }[]>([]);

export const training = computed(() => [...runs.value.values()].find(({ record }) => record.status === "running") ?? null);
export const selected = computed(() => (selectedRun.value === null ? null : (runs.value.get(selectedRun.value) ?? null)));
/** Those whose curves are drawn: the selected first, then the compared in the order they were made. */
export const drawn = computed(() => {
  const others = [...runs.value.values()].filter(({ record }) => comparedRuns.value.has(record.id) && record.id !== selectedRun.value);
  return [...(selected.value ? [selected.value] : []), ...others.sort((a, b) => a.record.created - b.record.created)];
});
