// Plots as SVG.
import { grid, ink, palette, renderSvg, shortNumber } from "../../plot/echarts.js";
import { visiblePoints, type Axis, type Plot } from "./plot.js";

export interface SvgOptions {
  /** Pixels; 760 by 360 by default, and room for the names. */
  width?: number;
  height?: number;
}

const legendRow = 20;

/**
 * The plot as an SVG document. The same plot gives the same bytes.
 *
 * Throws: UsageError where the package echarts is not installed.
 */
export function svgOf(plot: Plot, { width = 760, height = 360 + legendRow * plot.series.length }: SvgOptions = {}): Promise<string> {
  return renderSvg(optionOf(plot), { width, height }, "--svg");
}

function optionOf(plot: Plot): object {
  const { title, x, y, series, marks = [] } = plot;
  const data = series.map((one) => visiblePoints(one, plot));
  const named = series.length > 1 || series[0]?.name !== "";
  return {
    animation: false,
    color: palette,
    textStyle: { fontFamily: "system-ui, sans-serif", color: ink },
    title: { text: title, left: "center", top: 8, textStyle: { fontSize: 14, fontWeight: 600, color: ink } },
    legend: named ? { data: series.map(({ name }) => name), left: 70, bottom: 4, orient: "vertical", icon: "rect", itemHeight: 3, itemGap: 8, textStyle: { color: ink } } : undefined,
    grid: { left: 84, right: 30, top: marks.length > 0 ? 60 : 44, bottom: 50 + (named ? 8 + legendRow * series.length : 0) },
    xAxis: axisOf(x, extentOf(data.flat().map(([px]) => px)), { nameLocation: "middle", nameGap: 28 }),
    yAxis: axisOf(y, extentOf(data.flat().map(([, py]) => py)), { nameLocation: "middle", nameGap: 58 }),
    series: series.map(({ name, dashed }, i) => ({
      type: "line",
      name,
      data: data[i],
      showSymbol: data[i]!.length === 1,
      lineStyle: { width: 2, type: dashed ? "dashed" : "solid" },
      ...(i === 0 && marks.length > 0 && { markLine: marksOf(marks) }),
    })),
  };
}

function marksOf(marks: NonNullable<Plot["marks"]>): object {
  return {
    symbol: "none",
    precision: 15,
    silent: true,
    lineStyle: { color: ink, type: "dotted", width: 1.5 },
    label: { formatter: "{b}", color: ink, position: "end" },
    data: marks.map(({ x, label }) => ({ name: label, xAxis: x })),
  };
}

function axisOf({ label, log = false }: Axis, extent: { min: number; max: number }, place: object): object {
  return {
    type: log ? "log" : "value",
    name: label,
    nameTextStyle: { color: ink },
    axisLabel: { color: ink, formatter: shortNumber },
    axisLine: { show: true, lineStyle: { color: ink } },
    splitLine: { lineStyle: { color: grid } },
    ...(log ? { min: 10 ** Math.floor(Math.log10(extent.min)), max: 10 ** Math.ceil(Math.log10(extent.max)) } : label === "step" && { max: extent.max }),
    ...place,
  };
}

function extentOf(values: readonly number[]): { min: number; max: number } {
  let [min, max] = [Infinity, -Infinity];
  for (const value of values) [min, max] = [Math.min(min, value), Math.max(max, value)];
  return min <= max ? { min, max } : { min: 0.1, max: 1 };
}
