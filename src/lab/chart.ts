// What an experiment draws, apart from how: ECharts draws it in Node and on a page.

export interface Axis {
  name: string;
  log?: boolean;
  min?: number;
  max?: number;
}

export type Point = readonly [x: number, y: number];

/** Points whose numbers are not finite are left out: a curve ends where it diverges. */
export interface Series {
  name: string;
  points: readonly Point[];
  /** The spread over seeds about the points: x, lowest, highest. */
  band?: readonly (readonly [x: number, low: number, high: number])[];
  style?: "solid" | "dashed" | "points";
  /** Number of its colour, 0 to 7, for series that belong together. By default each has its own. */
  colour?: number;
}

export interface LineChart {
  kind: "lines";
  title: string;
  x: Axis;
  y: Axis;
  series: readonly Series[];
  /** Named places on the x axis, such as a theory's edge. */
  marks?: readonly { x: number; label: string }[];
}

/** Colours over two settings, with the number in each cell. */
export interface HeatChart {
  kind: "heat";
  title: string;
  x: { name: string; values: readonly (string | number)[] };
  y: { name: string; values: readonly (string | number)[] };
  /** By row of y, then by column of x. Null: diverged. */
  cells: readonly (readonly (number | null)[])[];
  /** What the numbers are. */
  unit: string;
  /** "low", the default: low numbers are the good ones. */
  good?: "low" | "high";
}

export interface BarChart {
  kind: "bars";
  title: string;
  categories: readonly string[];
  y: Axis;
  /** `low` and `high` are the spread over seeds. */
  series: readonly { name: string; values: readonly (number | null)[]; low?: readonly (number | null)[]; high?: readonly (number | null)[] }[];
}

export type Chart = LineChart | HeatChart | BarChart;
