// What all charts share: size, title, legend, and the shapes of ECharts' custom series.
import { ink } from "../../plot/echarts.js";

export interface Drawing {
  option: object;
  /** Pixels. */
  width: number;
  height: number;
}

export type Place = readonly [x: number, y: number];

/** What ECharts draws in a custom series. */
export type Shape =
  | { type: "group"; children: Shape[] }
  | { type: "rect"; shape: { x: number; y: number; width: number; height: number }; style: object }
  | { type: "line"; shape: { x1: number; y1: number; x2: number; y2: number }; style: object }
  | { type: "polygon"; shape: { points: readonly Place[] }; style: object }
  | { type: "text"; style: object };

/** What ECharts gives to a custom series for each of its data. */
export interface RenderApi {
  value(dimension: number): number;
  /** Pixels of a point. */
  coord(point: Place): Place;
  /** Pixels of a width and a height on the axes. */
  size(lengths: Place): Place;
  barLayout(options: { count: number; barMaxWidth: number; barGap: string }): { offset: number; width: number }[];
}

const width = 760;
const plotHeight = 330;
export const legendRow = 20;

/** `names` are those of the legend, none for no legend. */
export function frame(title: string, { names, top }: { names: readonly string[]; top: number }): { base: object } & Omit<Drawing, "option"> {
  const legendHeight = names.length > 0 ? 8 + legendRow * names.length : 0;
  const base = {
    animation: false,
    textStyle: { fontFamily: "system-ui, sans-serif", color: ink },
    title: { text: title, left: "center", top: 8, textStyle: { fontSize: 14, fontWeight: 600, color: ink } },
    legend: names.length > 0 ? { data: names, left: 70, bottom: 4, orient: "vertical", icon: "rect", itemHeight: 3, itemGap: 8, textStyle: { color: ink } } : undefined,
    grid: { left: 84, right: 30, top, bottom: 50 + legendHeight },
  };
  return { base, width, height: plotHeight + legendHeight };
}

export function rectangle([x, y]: Place, [w, h]: Place, style: object): Shape {
  return { type: "rect", shape: { x, y, width: w, height: h }, style };
}
