// An experiment's charts as options for ECharts.
import { grid, ink, palette, renderSvg, shortNumber } from "../../plot/echarts.js";
import type { Axis, BarChart, Chart, LineChart, Series } from "../chart.js";
import { heatOption } from "./heat.js";
import { frame, rectangle, type Drawing, type RenderApi, type Shape } from "./frame.js";

/** The chart as an SVG document. Throws: UsageError where the package echarts is not installed. */
export function drawChart(chart: Chart): Promise<string> {
  const { option, width, height } = drawingOf(chart);
  return renderSvg(option, { width, height }, "kiln lab");
}

function drawingOf(chart: Chart): Drawing {
  if (chart.kind === "heat") return heatOption(chart);
  return chart.kind === "lines" ? linesOption(chart) : barsOption(chart);
}

function linesOption({ title, x, y, series, marks = [] }: LineChart): Drawing {
  const isShown = ([px, py]: readonly [number, number, ...number[]]) => Number.isFinite(px) && Number.isFinite(py) && !(x.log && px <= 0) && !(y.log && py <= 0);
  const names = series.map(({ name }) => name);
  const { base, width, height } = frame(title, { names: names.length > 1 || names[0] !== "" ? names : [], top: marks.length > 0 ? 62 : 44 });
  const drawn = series.flatMap((one, i) => [...(one.band ? [bandOf(one, i, y)] : []), lineOf(one, i, isShown)]);
  const [first, ...rest] = drawn;
  const option = {
    ...base,
    xAxis: valueAxis(x, series.flatMap(({ points }) => points.filter(isShown).map(([px]) => px)), 28),
    yAxis: valueAxis(y, series.flatMap(({ points, band = [] }) => [...points.filter(isShown).map(([, py]) => py), ...band.flatMap(([, low, high]) => [low, high])]), 52),
    series: first && marks.length > 0 ? [{ ...first, markLine: marksOf(marks) }, ...rest] : drawn,
  };
  return { option, width, height };
}

function lineOf({ name, points, style = "solid", colour }: Series, i: number, isShown: (point: readonly [number, number]) => boolean): object {
  const color = paletteColour(colour ?? i);
  const data = points.filter(isShown);
  if (style === "points") return { type: "scatter", name, color, data, symbolSize: 7 };
  return { type: "line", name, color, data, showSymbol: data.length <= 12, symbol: "circle", symbolSize: 5, lineStyle: { width: 2, type: style } };
}

/** The spread, as one shape behind its line. */
function bandOf({ name, band = [], colour }: Series, i: number, y: Axis): object {
  const sound = band.filter((edges) => edges.every(Number.isFinite) && !(y.log && edges[1] <= 0));
  return {
    // A name of its own: the legend takes the colour of the first series of a name.
    ...{ type: "custom", name: `${name}: spread`, silent: true, z: 1 },
    data: sound.map(([x, low, high]) => [x, low, high]),
    encode: { x: 0, y: [1, 2] },
    renderItem: (params: { dataIndexInside: number }, api: RenderApi): Shape | null => {
      if (params.dataIndexInside !== 0) return null;
      const points = [...sound.map(([x, , high]) => api.coord([x, high])), ...[...sound].reverse().map(([x, low]) => api.coord([x, low]))];
      return { type: "polygon", shape: { points }, style: { fill: paletteColour(colour ?? i), opacity: 0.18 } };
    },
  };
}

function marksOf(marks: NonNullable<LineChart["marks"]>): object {
  return {
    ...{ symbol: "none", silent: true, precision: 15 },
    lineStyle: { color: ink, type: "dotted", width: 1 },
    // Labels that stand near each other would overlap on one line.
    data: marks.map(({ x, label }, i) => ({ xAxis: x, label: { formatter: label, color: ink, position: "end", distance: 4 + 13 * (i % 2) } })),
  };
}

function barsOption({ title, categories, y, series }: BarChart): Drawing {
  const { base, width, height } = frame(title, { names: series.length > 1 ? series.map(({ name }) => name) : [], top: 44 });
  const values = series.flatMap(({ values, low = [], high = [] }) => [...values, ...low, ...high]).filter((value): value is number => value !== null && Number.isFinite(value));
  const yAxis = valueAxis(y, y.log ? values : [0, ...values], 52);
  const option = {
    ...base,
    xAxis: { type: "category", data: categories, axisLabel: { color: ink, interval: 0, width: (width - 120) / categories.length - 8, overflow: "break" }, axisLine: { lineStyle: { color: ink } }, axisTick: { show: false } },
    yAxis,
    series: series.map((one, i) => ({
      ...{ type: "custom", name: one.name, color: paletteColour(i), silent: true, encode: { x: 0, y: [1, 2, 3] } },
      data: one.values.map((value, at) => [at, value ?? NaN, one.low?.[at] ?? NaN, one.high?.[at] ?? NaN]),
      renderItem: ({ coordSys }: { coordSys: { y: number; height: number } }, api: RenderApi): Shape | null => barOf(api, coordSys.y + coordSys.height, series.length, i),
    })),
  };
  return { option, width, height };
}

/** A bar from the axis, and a line for the spread over seeds. */
function barOf(api: RenderApi, bottom: number, count: number, i: number): Shape | null {
  const [at, value, low, high] = [0, 1, 2, 3].map((dimension) => api.value(dimension)) as [number, number, number, number];
  if (!Number.isFinite(value)) return null;
  const place = api.barLayout({ count, barMaxWidth: 56, barGap: "12%" })[i]!;
  const [middle, top] = api.coord([at, value]);
  // From zero, where the axis shows it: values may be negative.
  const zero = api.coord([at, 0])[1];
  const floor = Number.isFinite(zero) ? Math.min(bottom, zero) : bottom;
  const color = paletteColour(i);
  const left = middle + place.offset;
  const children: Shape[] = [rectangle([left, Math.min(top, floor)], [place.width, Math.abs(floor - top)], { fill: color, opacity: 0.85 })];
  if (Number.isFinite(low) && Number.isFinite(high)) {
    const [x, y1, y2] = [left + place.width / 2, api.coord([at, low])[1], api.coord([at, high])[1]];
    children.push({ type: "line", shape: { x1: x, y1, x2: x, y2 }, style: { stroke: ink, lineWidth: 2 } });
  }
  return { type: "group", children };
}

const paletteColour = (i: number) => palette[i % palette.length]!;

function valueAxis({ name, log, min, max }: Axis, values: readonly number[], nameGap: number): object {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const isFilled = values.length > 0 && least <= most;
  return {
    ...{ type: log ? "log" : "value", name, nameLocation: "middle", nameGap, nameTextStyle: { color: ink }, scale: !log },
    axisLabel: { color: ink, formatter: shortNumber },
    axisLine: { show: true, lineStyle: { color: ink } },
    splitLine: { lineStyle: { color: grid } },
    // Whole decades make readable ticks; less than one would leave none.
    ...(log && isFilled && { min: min ?? 10 ** Math.floor(Math.log10(least)), max: max ?? 10 ** Math.ceil(Math.log10(most) + 1e-9) }),
    ...(!log && min !== undefined && { min }),
    ...(!log && max !== undefined && { max }),
  };
}
