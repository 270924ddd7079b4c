// Experiments of the Warmup Lab: judged on results that a test makes up, and measured.
import type { Device } from "../../src/gpu/device.js";
import { conclude, keyOf, type Cell, type CellResult, type Experiment, type Workbench } from "../../src/lab/index.js";

/** What is concluded where every cell gave what `result` says of it. */
export function concludedFrom(experiment: Experiment, result: (cell: Record<string, never>) => CellResult) {
  return conclude(experiment, experiment.cells("small").map((cell: Cell) => ({ cell, result: result(cell as Record<string, never>) })), "small");
}

/** Settings that are there twice. */
export function repeatedCells(experiment: Experiment): string[] {
  return (["small", "full"] as const).flatMap((size) => {
    const keys = experiment.cells(size).map(keyOf);
    return keys.filter((key, i) => keys.indexOf(key) !== i);
  });
}

/** Where a test measures cells. */
export function benchOf(device: Device): Workbench {
  const made = new Map<string, unknown>();
  const shared = <T>(key: string, make: () => T): T => {
    if (!made.has(key)) made.set(key, make());
    return made.get(key) as T;
  };
  return { device, size: "small", signal: new AbortController().signal, shared };
}
