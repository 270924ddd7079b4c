// A chart as data, drawn onto any surface: an SVG file, or a canvas that becomes a PNG.
import { linearTicks, logTicks, tickText } from "./ticks.js";

export interface PictureLine {
  /** In the legend. Lines without one are drawn, but not named. */
  label: string | null;
  x: readonly number[];
  /** null: a gap. */
  y: readonly (number | null)[];
  /** Of CSS, resolved: a file knows no custom properties. */
  color: string;
  dash: readonly number[];
  width: number;
  opacity?: number;
  /** A dot at each point. */
  points?: boolean;
}

export interface PictureMark {
  kind: "clipped" | "skipped";
  x: number;
  y: number | null;
  color: string;
}

export interface Picture {
  title: string;
  xLabel: string;
  yLabel: string;
  xLog: boolean;
  yLog: boolean;
  /** As they are drawn: the last one over all others. The legend begins with it. */
  lines: readonly PictureLine[];
  marks?: readonly PictureMark[];
  /** What x shows; all of the lines by default. */
  xRange?: readonly [number, number];
  /** How x is written at the axis. */
  xText?: (x: number) => string;
}

export interface PictureColors {
  background: string;
  text: string;
  muted: string;
  grid: string;
}

export interface Stroke {
  color: string;
  width: number;
  dash?: readonly number[];
  opacity?: number;
}

export interface TextStyle {
  color: string;
  size: number;
  anchor: "start" | "middle" | "end";
  bold?: boolean;
  /** Turned to read upward. */
  upward?: boolean;
}

/** What pictures are drawn with. */
export interface Surface {
  rect(x: number, y: number, width: number, height: number, color: string): void;
  /** null lifts the pen. */
  path(points: readonly (readonly [number, number] | null)[], stroke: Stroke): void;
  dot(x: number, y: number, radius: number, color: string): void;
  text(x: number, y: number, text: string, style: TextStyle): void;
  /** Draws inside a rectangle only. */
  clipped(x: number, y: number, width: number, height: number, draw: () => void): void;
}

const margin = { top: 36, right: 16, bottom: 44, left: 68 };
const legendLine = 18;
const characterWidth = 6.6;

/** Draws all of `picture` into width x height. */
export function drawPicture(surface: Surface, picture: Picture, { width, height, colors }: { width: number; height: number; colors: PictureColors }): void {
  const { lines, marks = [] } = picture;
  surface.rect(0, 0, width, height, colors.background);
  surface.text(margin.left, 22, picture.title, { color: colors.text, size: 15, anchor: "start", bold: true });
  const legendHeight = drawLegend(surface, lines, width, colors);
  const plot = { left: margin.left, top: margin.top + legendHeight, width: width - margin.left - margin.right, height: height - margin.top - margin.bottom - legendHeight };
  const x = scaleOf(picture.xRange ?? extent(lines.map((line) => line.x), picture.xLog), picture.xLog, plot.left, plot.width);
  const y = scaleOf(padded(extent(lines.map((line) => line.y), picture.yLog), picture.yLog), picture.yLog, plot.top + plot.height, -plot.height);
  drawAxes(surface, picture, plot, x, y, colors);
  surface.clipped(plot.left, plot.top, plot.width, plot.height, () => {
    for (const line of lines) {
      const points = line.x.map((at, i) => place(x, y, at, line.y[i]!));
      surface.path(points, { color: line.color, width: line.width, dash: line.dash, opacity: line.opacity ?? 1 });
      if (line.points) for (const point of points) if (point) surface.dot(...point, 2.5, line.color);
    }
    for (const mark of marks) drawMark(surface, mark, plot, x, y);
  });
}

type Scale = (value: number) => number;
type Scaled = Scale & { min: number; max: number };
type Plot = { left: number; top: number; width: number; height: number };

function place(x: Scale, y: Scale, at: number, value: number | null): [number, number] | null {
  const point: [number, number] = [x(at), value === null ? NaN : y(value)];
  return Number.isFinite(point[0]) && Number.isFinite(point[1]) ? point : null;
}

function drawMark(surface: Surface, { kind, x: at, y: value, color }: PictureMark, plot: Plot, x: Scale, y: Scale): void {
  const px = x(at);
  if (kind === "clipped" && value !== null) {
    const py = y(value);
    surface.path([[px - 4, py - 8], [px + 4, py - 8], [px, py - 2], [px - 4, py - 8]], { color, width: 1.2 });
  } else if (kind === "skipped") {
    const py = plot.top + plot.height - 6;
    surface.path([[px - 4, py - 4], [px + 4, py + 4], null, [px - 4, py + 4], [px + 4, py - 4]], { color, width: 1.8 });
  }
}

/** Returns the height that it took. */
function drawLegend(surface: Surface, lines: readonly PictureLine[], width: number, colors: PictureColors): number {
  const named = lines.filter((line) => line.label !== null).reverse();
  let [left, row] = [margin.left, 0];
  for (const line of named) {
    const wide = 36 + line.label!.length * characterWidth;
    if (left > margin.left && left + wide > width - margin.right) [left, row] = [margin.left, row + 1];
    const y = margin.top + row * legendLine;
    surface.path([[left, y], [left + 24, y]], { color: line.color, width: line.width, dash: line.dash, opacity: line.opacity ?? 1 });
    if (line.points) surface.dot(left + 12, y, 2.5, line.color);
    surface.text(left + 30, y + 4, line.label!, { color: colors.text, size: 12, anchor: "start" });
    left += wide + 14;
  }
  return named.length === 0 ? 0 : (row + 1) * legendLine;
}

function drawAxes(surface: Surface, { xLabel, yLabel, xLog, yLog, xText = tickText }: Picture, plot: Plot, x: Scaled, y: Scaled, colors: PictureColors): void {
  const small = { color: colors.muted, size: 11 } as const;
  const bottom = plot.top + plot.height;
  for (const tick of xLog ? logTicks(x.min, x.max) : linearTicks(x.min, x.max, Math.max(2, Math.floor(plot.width / 90)))) {
    surface.path([[x(tick), plot.top], [x(tick), bottom]], { color: colors.grid, width: 1 });
    surface.text(x(tick), bottom + 16, xText(tick), { ...small, anchor: "middle" });
  }
  for (const tick of yLog ? logTicks(y.min, y.max) : linearTicks(y.min, y.max, Math.max(2, Math.floor(plot.height / 45)))) {
    surface.path([[plot.left, y(tick)], [plot.left + plot.width, y(tick)]], { color: colors.grid, width: 1 });
    surface.text(plot.left - 6, y(tick) + 4, tickText(tick), { ...small, anchor: "end" });
  }
  surface.text(plot.left + plot.width / 2, bottom + 36, xLabel, { color: colors.text, size: 12, anchor: "middle" });
  surface.text(14, plot.top + plot.height / 2, yLabel, { color: colors.text, size: 12, anchor: "middle", upward: true });
}

function scaleOf([min, max]: readonly [number, number], log: boolean, start: number, length: number): Scaled {
  const [low, high] = log ? [Math.log(min), Math.log(max)] : [min, max];
  const span = high - low || 1;
  return Object.assign((value: number) => start + (((log ? Math.log(value) : value) - low) / span) * length, { min, max });
}

/** Of the finite values, on a log axis of the positive ones. */
function extent(lists: readonly (readonly (number | null)[])[], log: boolean): [number, number] {
  let [min, max] = [Infinity, -Infinity];
  for (const list of lists)
    for (const value of list) {
      if (value === null || !Number.isFinite(value) || (log && value <= 0)) continue;
      min = Math.min(min, value);
      max = Math.max(max, value);
    }
  return min <= max ? [min, max] : log ? [0.1, 10] : [0, 1];
}

/** A curve should not lie on the border, and a flat one in the middle. */
function padded([min, max]: readonly [number, number], log: boolean): [number, number] {
  if (log) return [min / (max / min) ** 0.06 / (min === max ? 2 : 1), max * (max / min) ** 0.06 * (min === max ? 2 : 1)];
  const pad = max > min ? 0.06 * (max - min) : Math.abs(max) * 0.5 || 1;
  return [min >= 0 ? Math.max(0, min - pad) : min - pad, max + pad];
}
