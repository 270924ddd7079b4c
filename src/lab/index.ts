// The Warmup Lab: experiments whose verdicts follow from criteria that were stated first.
export { experiment, type Cell, type CellResult, type Experiment, type Findings, type Measured, type Size, type Table, type Workbench } from "./experiment.js";
export { boundText, judgeCriterion, verdictOf, type Bound, type Criterion, type Judged, type Verdict } from "./criterion.js";
export type { Axis, BarChart, Chart, HeatChart, LineChart, Point, Series } from "./chart.js";
export { conclude, runExperiment, type Outcome, type RunOptions, type RunProgress } from "./run.js";
export { keyOf, MemoryStore, type CellStore, type StoredCell } from "./store.js";
export { drawChart } from "./report/drawing.js";
export { outcomeCsv, outcomeJson } from "./report/files.js";
export { labReport, short, valueText, type ReportOptions } from "./report/html.js";
