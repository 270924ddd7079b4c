// Rows of runs that were trained before the page was opened: asked for once, when something wants to show them.
import { worker } from "../client.js";
import type { RunMetrics } from "../protocol.js";
import type { MetricsLog } from "./metrics_log.js";
import type { Run } from "./runs.js";

const asked = new WeakMap<MetricsLog, Promise<void>>();

/** The stored rows are in the run's log when it resolves. A run that has made all of its rows in this page asks for none. */
export function loadMetrics({ record, metrics }: Run): Promise<void> {
  let loading = asked.get(metrics);
  if (!loading) {
    loading = isWhole(metrics, record.step) ? Promise.resolve() : worker.metrics(record.id).then((stored) => merge(metrics, stored));
    asked.set(metrics, loading);
    loading.catch(() => asked.delete(metrics));
  }
  return loading;
}

function isWhole({ steps }: MetricsLog, step: number): boolean {
  return step === 0 || steps[0]?.step === 1;
}

/** Rows may have been told while the stored ones were on their way: those that the storage has too are taken from there. */
function merge(metrics: MetricsLog, stored: RunMetrics): void {
  const later = {
    steps: after(metrics.steps, stored.steps),
    validations: after(metrics.validations, stored.validations),
    sharpness: after(metrics.sharpness, stored.sharpness),
  };
  metrics.rewind(-1);
  metrics.append({ steps: [...stored.steps, ...later.steps], validations: [...stored.validations, ...later.validations], sharpness: [...stored.sharpness, ...later.sharpness] });
}

function after<Row extends { step: number }>(rows: readonly Row[], stored: readonly Row[]): Row[] {
  const last = stored.at(-1)?.step ?? -1;
  return rows.filter(({ step }) => step > last);
}
