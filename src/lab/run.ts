// Runs an experiment: measures the cells that no earlier run kept, then judges what all of them show.
import type { Device } from "../gpu/device.js";
import { judgeCriterion, verdictOf, type Judged, type Verdict } from "./criterion.js";
import type { Cell, CellResult, Experiment, Findings, Measured, Size, Workbench } from "./experiment.js";
import { keyOf, type CellStore } from "./store.js";

export interface RunOptions {
  device: Device;
  size: Size;
  store: CellStore;
  /** Stops between two cells, or where a cell looks at it; `runExperiment` then rejects with the signal's reason. */
  signal?: AbortSignal;
  onProgress?: (progress: RunProgress) => void;
}

export interface RunProgress {
  done: number;
  total: number;
  /** Of `done`, those kept by earlier runs. */
  kept: number;
  /** Spent on cells in this run. */
  seconds: number;
}

/** What came of an experiment. */
export interface Outcome {
  experiment: Experiment;
  size: Size;
  verdict: Verdict;
  criteria: readonly Judged[];
  findings: Findings;
  measured: readonly Measured<Cell, CellResult>[];
  /** Spent on the cells, by all runs that measured them. */
  seconds: number;
}

/** Throws: whatever a cell throws; results of the cells before it are kept. */
export async function runExperiment(experiment: Experiment, { device, size, store, signal = new AbortController().signal, onProgress }: RunOptions): Promise<Outcome> {
  const cells = experiment.cells(size);
  const kept = await store.read();
  const workbench: Workbench = { device, size, signal, shared: sharing() };
  const measured: Measured<Cell, CellResult>[] = [];
  const progress: RunProgress = { done: 0, total: cells.length, kept: 0, seconds: 0 };
  let spent = 0;
  onProgress?.({ ...progress });
  for (const cell of cells) {
    signal.throwIfAborted();
    const key = keyOf(cell);
    let stored = kept.get(key);
    if (stored) progress.kept++;
    else {
      const started = performance.now();
      const result = plain(await experiment.measure(cell, workbench));
      const seconds = (performance.now() - started) / 1000;
      progress.seconds += seconds;
      stored = { result, seconds };
      await store.add(key, stored);
    }
    spent += stored.seconds;
    measured.push({ cell, result: revived(stored.result) });
    progress.done++;
    onProgress?.({ ...progress });
  }
  return { ...conclude(experiment, measured, size), seconds: spent };
}

/** The same from results alone: a report can be written again without measuring. */
export function conclude(experiment: Experiment, measured: readonly Measured<Cell, CellResult>[], size: Size): Omit<Outcome, "seconds"> {
  const findings = experiment.conclude(measured, size);
  const unjudged = Object.keys(findings.values).filter((id) => !experiment.criteria.some((criterion) => criterion.id === id));
  if (unjudged.length > 0) throw new Error(`${experiment.name}: values without a criterion, got ${unjudged.join(", ")}`);
  const criteria = experiment.criteria.map((criterion) => judgeCriterion(criterion, findings.values[criterion.id] ?? []));
  return { experiment, size, verdict: verdictOf(criteria), criteria, findings, measured };
}

function sharing(): Workbench["shared"] {
  const made = new Map<string, unknown>();
  return <T>(key: string, make: () => T): T => {
    if (!made.has(key)) made.set(key, make());
    return made.get(key) as T;
  };
}

/** As JSON will keep it, so that a run that goes on concludes from the same values as one that was never interrupted. */
function plain(result: CellResult): CellResult {
  return JSON.parse(JSON.stringify(result)) as CellResult;
}

/** JSON has no NaN: null stands for it. */
function revived(result: CellResult): CellResult {
  return Object.fromEntries(Object.entries(result).map(([name, value]) => [name, value === null ? NaN : Array.isArray(value) ? value.map((one: number | null) => one ?? NaN) : value]));
}
