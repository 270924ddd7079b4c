// What an experiment of the Warmup Lab is: a claim, a prediction made before anything ran, cells that are measured one by one
// (so that a sweep can be interrupted), and a conclusion drawn from them by stated criteria.
import type { Device } from "../gpu/device.js";
import type { Chart } from "./chart.js";
import type { Criterion } from "./criterion.js";

/** "small": minutes on a processor's two cores. "full": for a GPU. */
export type Size = "small" | "full";

/** One setting to be measured. Flat and of JSON's values: it is the key under which its result is kept. */
export type Cell = Readonly<Record<string, string | number | boolean>>;

/** What a cell gave, as JSON keeps it: NaN and infinities are written as null, and read as NaN. */
export type CellResult = Readonly<Record<string, number | string | boolean | readonly number[] | null>>;

export interface Measured<C extends Cell, R extends CellResult> {
  cell: C;
  result: R;
}

/** Where a cell is measured. */
export interface Workbench {
  device: Device;
  size: Size;
  /** Aborted where the sweep is interrupted: a cell looks at it now and then (`throwIfAborted`), and is measured again later. */
  signal: AbortSignal;
  /**
   * What several cells share (a model with its captured step, a data set): made by the first that asks for `key`, and kept until the
   * experiment ends. It must give every cell the same bits as a fresh one would.
   */
  shared<T>(key: string, make: () => T): T;
}

export interface Experiment<C extends Cell = Cell, R extends CellResult = CellResult> {
  /** As in `kiln lab NAME`, and of its file. */
  name: string;
  /** Number of the group of claims in the catalogue, 1 to 16. */
  group: number;
  /** A sentence without a full stop. */
  title: string;
  /** What theory or a paper says, a paragraph. */
  claim: string;
  /** Author, year, title or number of the paper, where in it. */
  source: string;
  /** Written before the first run, and not changed after it: what should be seen at this scale, with numbers. */
  prediction: string;
  /** Raised when results of earlier code no longer count. */
  revision: number;
  criteria: readonly Criterion[];
  /** A feature of the adapter without which it cannot be measured at all. */
  requires?: "shader-f16";
  cells(size: Size): readonly C[];
  measure(cell: C, workbench: Workbench): Promise<R>;
  /** Pure: the same results give the same findings. Gets all cells, in their order. */
  conclude(measured: readonly Measured<C, R>[], size: Size): Findings;
}

export interface Findings {
  /** For every criterion by its id: one value a seed, or a single one where no chance is involved. */
  values: Readonly<Record<string, readonly number[]>>;
  /** What was seen, in a paragraph with its numbers. */
  summary: string;
  /** What to do in one's own training, a sentence or two with a number of this experiment. */
  advice: string;
  charts: readonly Chart[];
  tables: readonly Table[];
}

export interface Table {
  title: string;
  columns: readonly string[];
  rows: readonly (readonly (string | number | null)[])[];
}

/** Gives the experiment back, with its types inferred: examples/lab/*.ts. */
export function experiment<C extends Cell, R extends CellResult>(one: Experiment<C, R>): Experiment {
  return one as unknown as Experiment;
}
