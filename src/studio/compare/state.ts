// What the runs table shows, and how.
import { computed, effect, signal, untracked } from "@preact/signals";
import { loadMetrics } from "../state/load_metrics.js";
import { comparedRuns, runs, selectedRun, type Run } from "../state/runs.js";
import type { RunId } from "../protocol.js";
import type { MetricsLog } from "../state/metrics_log.js";
import { createdColumn, differingSettings, filtered, nameColumn, settingColumn, shownResults, sorted, statusColumn, type Column, type Order, type RunRow } from "./columns.js";
import { settingNames } from "../../recipe/rules.js";
import { summaryOf } from "./summary.js";

export const filter = signal("");
/** Newest first until a heading is pressed. */
export const order = signal<Order>({ column: createdColumn.id, descending: true });
export const allSettings = signal(false);

export const rows = computed<RunRow[]>(() => [...runs.value.values()].map(({ record, metrics }) => ({ record, summary: summaryOf(metrics) })));

export const columns = computed<readonly Column[]>(() => {
  const names = allSettings.value ? settingNames : differingSettings(rows.value.map(({ record }) => record));
  const [main, more] = shownResults(rows.value);
  return [nameColumn, statusColumn, ...main, ...names.map(settingColumn), ...more, createdColumn];
});

export const shownRows = computed(() => {
  const { column, descending } = order.value;
  const by = columns.value.find(({ id }) => id === column) ?? createdColumn;
  return sorted(filtered(rows.value, filter.value), by, descending);
});

/** A second press of a heading turns the order around. */
export function orderBy(column: string): void {
  order.value = { column, descending: order.value.column === column ? !order.value.descending : false };
}

export function compareRun(run: RunId, on: boolean): void {
  const next = new Set(comparedRuns.value);
  if (on) next.add(run);
  else next.delete(run);
  comparedRuns.value = next;
}

export function selectRun(run: RunId): void {
  selectedRun.value = run;
}

/** The runs that files are made of: those drawn, or all where none is. */
export function exportedRuns(): Run[] {
  const all = [...runs.value.values()];
  const chosen = all.filter(({ record }) => comparedRuns.value.has(record.id) || record.id === selectedRun.value);
  return chosen.length > 0 ? chosen : all;
}

const asked = new WeakSet<MetricsLog>();

/** Fetches the rows of stored runs, those in front first, one after the other. Returns what ends it. */
export function followRuns(): () => void {
  let [busy, ended] = [false, false];
  const loadAll = async () => {
    busy = true;
    for (let next = nextToLoad(); next && !ended; next = nextToLoad()) {
      asked.add(next.metrics);
      // A run without readable rows still has its record; the worker tells what is wrong with the storage.
      await loadMetrics(next).catch(() => {});
    }
    busy = false;
  };
  const end = effect(() => {
    runs.value;
    if (!busy) untracked(() => void loadAll());
  });
  return () => {
    ended = true;
    end();
  };
}

function nextToLoad(): Run | undefined {
  const wanted = [...runs.value.values()].filter(({ record, metrics }) => record.step > 0 && !asked.has(metrics));
  return wanted.find(({ record }) => record.id === selectedRun.value || comparedRuns.value.has(record.id)) ?? wanted[0];
}
