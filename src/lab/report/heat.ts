// Heat maps: a coloured field for each cell, with its number in it.
import { ink, shortNumber } from "../../plot/echarts.js";
import type { HeatChart } from "../chart.js";
import { frame, rectangle, type Drawing, type RenderApi, type Shape } from "./frame.js";

type Colour = readonly [red: number, green: number, blue: number];

/** From good to bad; apart for colour-blind people, and in grey. */
const stops: readonly Colour[] = [[13, 71, 97], [63, 140, 147], [178, 205, 150], [246, 190, 98], [214, 90, 49]];
const rowHeight = 34;

export function heatOption({ title, x, y, cells, unit, good = "low" }: HeatChart): Drawing {
  const { base, width } = frame(`${title} (${unit})`, { names: [], top: 44 });
  const values = cells.flat().filter((value): value is number => value !== null && Number.isFinite(value));
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const badness = (value: number) => (most === least ? 0 : good === "low" ? (value - least) / (most - least) : (most - value) / (most - least));
  const data = cells.flatMap((row, r) => row.map((value, c) => [c, r, value ?? NaN]));
  const category = (name: string, list: readonly (string | number)[], nameGap: number) => ({
    ...{ type: "category", data: list.map((value) => (typeof value === "number" ? shortNumber(value) : value)), name, nameLocation: "middle", nameGap },
    ...{ nameTextStyle: { color: ink }, axisLabel: { color: ink }, axisLine: { lineStyle: { color: ink } }, axisTick: { show: false } },
  });
  const option = {
    ...base,
    grid: { left: 110, right: 30, top: 44, bottom: 50 },
    xAxis: category(x.name, x.values, 28),
    yAxis: category(y.name, y.values, 84),
    series: [{ type: "custom", silent: true, data, encode: { x: 0, y: 1 }, renderItem: (_: unknown, api: RenderApi) => field(api, badness) }],
  };
  return { option, width, height: 100 + rowHeight * y.values.length };
}

function field(api: RenderApi, badness: (value: number) => number): Shape {
  const [column, row, value] = [api.value(0), api.value(1), api.value(2)];
  const [middle_x, middle_y] = api.coord([column, row]);
  const [w, h] = api.size([1, 1]);
  const isLost = !Number.isFinite(value);
  const colour = isLost ? null : between(badness(value));
  return {
    type: "group",
    children: [
      rectangle([middle_x - w / 2 + 1, middle_y - h / 2 + 1], [w - 2, h - 2], colour ? { fill: `rgb(${colour.join(",")})` } : { fill: "none", stroke: ink, lineDash: [3, 3] }),
      { type: "text", style: { x: middle_x, y: middle_y, text: isLost ? "×" : String(Number(value.toPrecision(3))), align: "center", verticalAlign: "middle", fontSize: 12, fill: colour ? contrasting(colour) : ink } },
    ],
  };
}

function between(share: number): Colour {
  const at = Math.min(1, Math.max(0, share)) * (stops.length - 1);
  const [from, to] = [stops[Math.floor(at)]!, stops[Math.ceil(at)]!];
  return from.map((value, i) => Math.round(value + (to[i]! - value) * (at % 1))) as unknown as Colour;
}

/** By the luminance that WCAG weighs contrast with, roughly. */
function contrasting([red, green, blue]: Colour): string {
  return 0.299 * red + 0.587 * green + 0.114 * blue > 140 ? "#111" : "#fff";
}
