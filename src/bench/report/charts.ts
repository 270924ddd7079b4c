// What the measurements show, as options for ECharts.
import { grid, ink, palette } from "../../plot/echarts.js";
import type { Measurement } from "../row.js";

export interface Chart {
  title: string;
  option: object;
  width: number;
  height: number;
}

const width = 760;
const legendHeight = 30;
const barHeight = 16;
/** A contender has one colour in all charts. */
const contenders = ["kiln", "jax-js", "tfjs", "copy", "kiln, per tensor", "kiln, per op", "jax-js, per op"];

export function chartsOf(rows: readonly Measurement[]): Chart[] {
  const measured = rows.filter(({ median }) => median !== null);
  const ladders = laddersOf(measured);
  const onLadders = new Set([...ladders.values()].flat());
  return [...bandwidthCharts(ladders), ...timesCharts(measured.filter((row) => !onLadders.has(row))), ...shareChart(measured)];
}

/** Steps of an optimizer over a number of tensors that were measured at more than one size. */
function laddersOf(rows: readonly Measurement[]): Map<string, Measurement[]> {
  const steps = rows.filter(({ suite, gbps }) => suite === "optimizers" && gbps);
  const groups = groupBy(steps, ({ name, shape }) => `${name} in ${tensorsOf(shape)} tensor${tensorsOf(shape) === "1" ? "" : "s"}`);
  return new Map([...groups].filter(([, group]) => new Set(group.map(({ shape }) => parametersOf(shape))).size > 1));
}

/** GB/s over the number of parameters. */
function bandwidthCharts(ladders: ReadonlyMap<string, Measurement[]>): Chart[] {
  return [...ladders].map(([title, group]) => {
    const series = [...groupBy(group, ({ contender }) => contender)].map(([name, own]) => ({
      ...{ type: "line", name, symbol: "circle", symbolSize: 6 },
      color: colorOf(name),
      lineStyle: { width: 2, type: name === "copy" ? "dashed" : "solid" },
      data: own.map(({ shape, gbps }) => [parametersOf(shape), gbps!]),
    }));
    return { title: `${title}: GB/s`, width, height: 340, option: { ...base(title, series.map(({ name }) => name)), xAxis: axis("log", "parameters"), yAxis: axis("log", "GB/s"), series } };
  });
}

/** How many times Kiln's time the others take, for each case. */
function timesCharts(rows: readonly Measurement[]): Chart[] {
  return ["optimizers", "kernels", "step"].flatMap((suite) => {
    const behind = rows.filter((row) => row.suite === suite && row.overKiln && row.contender !== "copy");
    return behind.length === 0 ? [] : [bars(`${suite}: time over Kiln's`, "times Kiln's time", behind, ({ overKiln }) => overKiln!, "log")];
  });
}

/** How near Kiln comes to what the adapter can do. */
function shareChart(rows: readonly Measurement[]): Chart[] {
  const own = rows.filter(({ suite, contender, floorShare }) => suite === "kernels" && contender === "kiln" && floorShare);
  return own.length === 0 ? [] : [bars("kernels: share of the measured peak", "%", own, ({ floorShare }) => 100 * floorShare!, "value")];
}

/** Horizontal bars, a group for each case. */
function bars(title: string, label: string, rows: readonly Measurement[], value: (row: Measurement) => number, type: "log" | "value"): Chart {
  const cases = [...new Set(rows.map(caseOf))];
  const names = [...new Set(rows.map(({ contender }) => contender))];
  const series = names.map((name) => {
    const own = new Map(rows.filter(({ contender }) => contender === name).map((row) => [caseOf(row), value(row)]));
    return { type: "bar", name, color: colorOf(name), barGap: "10%", barMaxWidth: barHeight, data: cases.map((one) => own.get(one) ?? null) };
  });
  const option = {
    ...base(title, names),
    grid: { left: 330, right: 40, top: 44, bottom: 40 + legendHeight },
    xAxis: axis(type, label),
    yAxis: { type: "category", inverse: true, data: cases, axisLabel: { color: ink, width: 310, overflow: "truncate" }, axisLine: { lineStyle: { color: ink } }, axisTick: { show: false } },
    series,
  };
  return { title, width, height: 110 + cases.length * (8 + barHeight * names.length), option };
}

function base(title: string, names: readonly string[]): object {
  return {
    animation: false,
    textStyle: { fontFamily: "system-ui, sans-serif", color: ink },
    title: { text: title, left: "center", top: 8, textStyle: { fontSize: 14, fontWeight: 600, color: ink } },
    legend: { data: names, bottom: 4, icon: "rect", itemHeight: 3, itemWidth: 18, itemGap: 24, textStyle: { color: ink } },
    grid: { left: 84, right: 30, top: 44, bottom: 50 + legendHeight },
  };
}

function axis(type: "log" | "value", name: string): object {
  return { type, name, nameLocation: "middle", nameGap: 30, nameTextStyle: { color: ink }, axisLabel: { color: ink }, axisLine: { show: true, lineStyle: { color: ink } }, splitLine: { lineStyle: { color: grid } } };
}

function colorOf(contender: string): string {
  const at = contenders.indexOf(contender);
  return palette[(at < 0 ? palette.length - 1 : at) % palette.length]!;
}

const caseOf = ({ name, shape }: Measurement) => `${name} ${shape.split(":")[0]}`;
/** "10,000,000 in 52" */
const parametersOf = (shape: string) => Number(shape.split(" in ")[0]!.replaceAll(",", ""));
const tensorsOf = (shape: string) => shape.split(" in ")[1] ?? "";

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}
