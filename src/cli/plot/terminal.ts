// Plots in a terminal, by simple-ascii-chart.
import chart from "simple-ascii-chart";
import { spread, visiblePoints, type Plot } from "./plot.js";

export interface TerminalOptions {
  /** Columns of the terminal; 80 by default. */
  columns?: number;
  /** Rows of the plot itself. */
  rows?: number;
  color?: boolean;
}

const colors = ["ansiBlue", "ansiRed", "ansiGreen", "ansiYellow", "ansiMagenta", "ansiCyan"] as const;
/** What axis and labels take. */
const margin = 14;

/** The plot as lines of text; an empty text where there is nothing to see. Logarithmic axes are plotted as powers of ten. */
export function terminalPlot(plot: Plot, { columns = 80, rows = 14, color = false }: TerminalOptions = {}): string {
  const { x, y, series } = plot;
  const width = Math.max(20, Math.min(columns, 120) - margin);
  const scaled = series
    .map((one) => visiblePoints(one, plot))
    .map((points) => spread(points.length, 2 * width).map((i): [number, number] => [x.log ? Math.log10(points[i]![0]) : points[i]![0], y.log ? Math.log10(points[i]![1]) : points[i]![1]]));
  if (scaled.every((points) => points.length < 2)) return "";
  const show = (value: number, log: boolean | undefined) => String(log ? Number((10 ** value).toPrecision(2)) : value);
  const text = chart(scaled.filter((points) => points.length > 0), {
    width,
    height: rows,
    customXAxisTicks: ticks(scaled.flat().map(([px]) => px)),
    customYAxisTicks: ticks(scaled.flat().map(([, py]) => py)),
    ...(color && { color: [...colors] }),
    formatter: (value, { axis }) => show(value, axis === "x" ? x.log : y.log),
  });
  const lines = text.split("\n").map((line) => line.trimEnd()).filter((line) => line !== "");
  return [y.label, ...lines, " ".repeat(Math.floor(width / 2)) + x.label].join("\n");
}

/** A few round numbers within the values' range. */
function ticks(values: readonly number[]): number[] {
  const low = values.reduce((least, value) => Math.min(least, value), Infinity);
  const high = values.reduce((most, value) => Math.max(most, value), -Infinity);
  if (!(high > low)) return [low];
  const power = 10 ** Math.floor(Math.log10((high - low) / 4));
  const step = power * ([1, 2, 5, 10].find((factor) => (high - low) / (power * factor) <= 5) ?? 10);
  const first = Math.ceil(low / step);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}
