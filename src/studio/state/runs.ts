// The runs that the page knows, as signals: what the worker told last.
import { computed, signal } from "@preact/signals";
import type { DeviceInfo, RunId, RunRecord } from "../protocol.js";
import { MetricsLog } from "./metrics_log.js";

export interface Run {
  record: RunRecord;
  /** The same object for as long as the run is known; empty until `loadMetrics`. */
  metrics: MetricsLog;
  /** Another tab trains it: it can only be watched here. */
  elsewhere: boolean;
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
/** `unsaved`: a run whose checkpoint the storage did not take. */
export const notices = signal<readonly { id: number; level: "info" | "warning" | "error"; text: string; unsaved: RunId | null }[]>([]);

/** The run that this tab trains. */
export const training = computed(() => [...runs.value.values()].find(({ record, elsewhere }) => record.status === "running" && !elsewhere) ?? null);
export const selected = computed(() => (selectedRun.value === null ? null : (runs.value.get(selectedRun.value) ?? null)));
/** The run in front, where another tab trains it. */
export const watched = computed(() => (selected.value?.elsewhere ? selected.value.record : null));
/** Those whose curves are drawn: the selected first, then the compared in the order they were made. */
export const drawn = computed(() => {
  const others = [...runs.value.values()].filter(({ record }) => comparedRuns.value.has(record.id) && record.id !== selectedRun.value);
  return [...(selected.value ? [selected.value] : []), ...others.sort((a, b) => a.record.created - b.record.created)];
});
