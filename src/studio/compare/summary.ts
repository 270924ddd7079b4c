// What the table says of a run beyond its record: counted from its rows.
import type { MetricsLog } from "../state/metrics_log.js";

export interface RunSummary {
  /** The mean of the newest rows; null before the first. */
  tokensPerSecond: number | null;
  /** Null where the rows are not here. */
  clipped: number | null;
  skipped: number | null;
  /** Of the last validation. */
  finalValidation: number | null;
}

/** So many of the newest steps tell the speed. */
const lately = 50;

interface Counts {
  version: number;
  summary: RunSummary;
}

const known = new WeakMap<MetricsLog, Counts>();

/** Counted again only where rows came or went. Subscribes to the log. */
export function summaryOf(metrics: MetricsLog): RunSummary {
  const version = metrics.version.value;
  const before = known.get(metrics);
  if (before?.version === version) return before.summary;
  const summary = count(metrics);
  known.set(metrics, { version, summary });
  return summary;
}

function count({ steps, validations }: Pick<MetricsLog, "steps" | "validations">): RunSummary {
  const speeds = steps.slice(-lately).map((row) => row.tokensPerSecond).filter((speed) => speed > 0);
  const has = steps.length > 0;
  return {
    tokensPerSecond: speeds.length === 0 ? null : speeds.reduce((sum, speed) => sum + speed, 0) / speeds.length,
    clipped: has ? steps.reduce((sum, { clipped }) => sum + Number(clipped), 0) : null,
    skipped: has ? steps.reduce((sum, { skipped }) => sum + Number(skipped), 0) : null,
    finalValidation: validations.at(-1)?.validationLoss ?? null,
  };
}
