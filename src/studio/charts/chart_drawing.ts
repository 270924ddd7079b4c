// One chart on its canvas: uPlot draws, this tells it what, and only when something has changed.
import "./known_language.js";
import { effect, untracked } from "@preact/signals";
import uPlot from "uplot";
import { duration } from "../layout/format.js";
import { drawn } from "../state/runs.js";
import { theme } from "../state/theme.js";
import { chartCurves, chartMarks, isLog, watchChart, type DrawnCurve, type DrawnMark } from "./chart_lines.js";
import { edgeDash, lineLooks } from "./chart_picture.js";
import type { ChartSpec } from "./chart_specs.js";
import { isRough, merge } from "./decimate.js";
import { cssColor } from "./export.js";
import { drawSoon, forgetDrawing } from "./frames.js";
import { cursor, panBy, shownRange, xAxis, xLog, zoom, zoomBy } from "./state.js";
import { linearTicks, logTicks, tickText } from "./ticks.js";

const syncKey = "kiln-charts";
const height = 220;
const unseenPeriod_ms = 1000;
/** More than so many lie over each other anyway: half the points are drawn. */
const manyRuns = 4;
/** Of the chart that the pointer is over: the others follow it, and must not tell the cursor back. */
let pointed: ChartDrawing | null = null;

/** Moves the cursors of all charts, as the pointer does. null takes them away. */
export function moveCursor(x: number | null): void {
  cursor.value = x;
  for (const plot of uPlot.sync(syncKey).plots) {
    plot.setCursor(x === null ? { left: -10, top: -10 } : { left: plot.valToPos(x, "x"), top: plot.over.clientHeight / 2 });
  }
}

export class ChartDrawing {
  private plot: uPlot | null = null;
  /** Of what the plot was made for: another needs a new one. */
  private made = "";
  private marks: DrawnMark[] = [];
  private readonly stop: () => void;
  private readonly sizes: ResizeObserver;
  private readonly sight: IntersectionObserver;
  /** On the screen, or nearly: others are drawn once a second only. */
  private seen = false;
  private later: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly host: HTMLElement,
    private readonly spec: ChartSpec,
  ) {
    host.addEventListener("pointerenter", this.enter);
    host.addEventListener("pointerleave", this.leave);
    host.addEventListener("wheel", this.turn, { passive: false });
    this.sizes = new ResizeObserver(() => drawSoon(this.draw));
    this.sizes.observe(host);
    this.sight = new IntersectionObserver((entries) => {
      this.seen = entries.at(-1)!.isIntersecting;
      drawSoon(this.draw);
    }, { rootMargin: "200px" });
    this.sight.observe(host);
    this.stop = effect(() => {
      theme.value;
      watchChart(spec);
      drawSoon(this.draw);
    });
  }

  dispose(): void {
    this.stop();
    this.sizes.disconnect();
    this.sight.disconnect();
    forgetDrawing(this.draw);
    clearTimeout(this.later);
    this.host.removeEventListener("pointerenter", this.enter);
    this.host.removeEventListener("pointerleave", this.leave);
    this.host.removeEventListener("wheel", this.turn);
    this.plot?.destroy();
  }

  private readonly draw = (): void => untracked(() => this.drawNow());
  private readonly enter = () => (pointed = this);
  private readonly leave = () => {
    if (pointed === this) pointed = null;
    cursor.value = null;
  };

  /** Sideways pans a zoom, with Ctrl (as trackpads send a pinch) it zooms; a plain wheel scrolls the page. */
  private readonly turn = (event: WheelEvent) => {
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    if (event.ctrlKey && this.plot) zoomBy(event.deltaY > 0 ? 1.25 : 0.8, this.plot.posToVal(event.clientX - this.plot.over.getBoundingClientRect().left, "x"));
    else if (sideways !== 0 && zoom.value) panBy(sideways / this.host.clientWidth);
    else return;
    event.preventDefault();
  };

  private drawNow(unseenToo = false): void {
    const width = this.host.clientWidth;
    if (width === 0) return;
    if (!this.seen && !unseenToo) {
      this.later ??= setTimeout(() => {
        this.later = undefined;
        untracked(() => this.drawNow(true));
      }, unseenPeriod_ms);
      return;
    }
    const columns = Math.max(50, Math.round((width - 90) / (drawn.value.length > manyRuns ? 2 : 1)));
    const curves = chartCurves(this.spec, columns);
    this.marks = chartMarks(this.spec, columns);
    const [min, max] = shownRange.value;
    const data = dataOf(curves, min, max);
    const key = JSON.stringify([theme.value, isLog(this.spec), xLog.value, xAxis.value, curves.map(({ run, name, look }) => [run, name, look.slot])]);
    if (!this.plot || key !== this.made) {
      this.plot?.destroy();
      this.made = key;
      this.plot = new uPlot(this.options(curves, width), data, this.host);
    }
    const plot = this.plot;
    if (plot.width !== width) plot.setSize({ width, height });
    curves.forEach((curve, i) => Object.assign(plot.series[i + 1]!, strokeOf(curve)));
    plot.batch(() => {
      plot.setData(data, false);
      plot.setScale("x", { min, max });
    });
  }

  private options(curves: readonly DrawnCurve[], width: number): uPlot.Options {
    const [yLog, log] = [isLog(this.spec), xLog.value];
    const xText = xAxis.value === "step" ? tickText : duration;
    return {
      width,
      height,
      legend: { show: false },
      padding: [8, 26, 0, 0],
      scales: {
        x: { time: false, auto: false, distr: log ? 3 : 1, range: (_plot, min, max) => [min, max] },
        y: { distr: yLog ? 3 : 1, range: (_plot, min, max) => paddedRange(min, max, yLog) },
      },
      axes: [
        { ...axisLook(), size: 34, splits: (plot, _axis, min, max) => ticksOf(min, max, log, plot.width - 80, 80), values: (_plot, ticks) => ticks.map(xText), filter: (_plot, ticks) => ticks },
        { ...axisLook(), size: 64, splits: (_plot, _axis, min, max) => ticksOf(min, max, yLog, height, 40), values: (_plot, ticks) => ticks.map(tickText), filter: (_plot, ticks) => ticks },
      ],
      series: [{}, ...curves.map(seriesOf)],
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false, dist: 5 },
        sync: { key: syncKey, scales: ["x", null], setSeries: false },
        points: { size: 7 },
        bind: { dblclick: () => () => ((zoom.value = null), null) },
      },
      hooks: {
        setCursor: [(plot) => this.tellCursor(plot)],
        setSelect: [(plot) => this.zoomTo(plot)],
        draw: [(plot) => this.drawMarks(plot)],
      },
    };
  }

  private tellCursor(plot: uPlot): void {
    const { left = -1 } = plot.cursor;
    if (pointed === this && left >= 0) cursor.value = plot.posToVal(left, "x");
  }

  private zoomTo(plot: uPlot): void {
    const { left, width } = plot.select;
    if (pointed !== this || width < 5) return;
    zoom.value = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  }

  /** Triangles above clipped steps, crosses at the bottom for skipped ones: they have no norm. */
  private drawMarks(plot: uPlot): void {
    const { ctx, bbox } = plot;
    const unit = devicePixelRatio;
    ctx.save();
    ctx.lineWidth = 1.4 * unit;
    for (const { kind, look, x, y } of this.marks) {
      if (kind === "clipped" && y === null) continue;
      const left = plot.valToPos(x, "x", true);
      const top = kind === "skipped" ? bbox.top + bbox.height - 7 * unit : plot.valToPos(y!, "y", true) - 6 * unit;
      ctx.strokeStyle = cssColor(look.color);
      ctx.stroke(new Path2D(kind === "skipped" ? cross(left, top, 4 * unit) : triangle(left, top, 4 * unit)));
    }
    ctx.restore();
  }
}

function dataOf(curves: readonly DrawnCurve[], min: number, max: number): uPlot.AlignedData {
  const [x, ...columns] = merge(curves.map(({ points }) => points));
  // Without a point uPlot would range nothing, and draw no axes.
  return x.length > 0 ? [x, ...columns] : [[min, max], ...columns.map(() => [null, null])];
}

/** Dashes of a curve that goes up and down at every pixel cannot be seen, and take most of the time that drawing takes. */
function strokeOf(curve: DrawnCurve): { width: number; dash: number[] } {
  const { style, look, points } = curve;
  if (isRough(points)) return { width: 1, dash: [] };
  return { width: lineLooks[style].width, dash: [...(style === "edge" ? edgeDash : style === "faint" ? [] : look.dash)] };
}

function seriesOf(curve: DrawnCurve): uPlot.Series {
  const { style, look } = curve;
  const color = cssColor(look.color);
  return {
    stroke: color,
    alpha: lineLooks[style].opacity,
    ...strokeOf(curve),
    points: { show: style === "points", size: 6, fill: color, space: 0 },
  };
}

function axisLook(): uPlot.Axis {
  const line = { stroke: cssColor("--line"), width: 1 };
  return { stroke: cssColor("--muted"), grid: line, ticks: line, font: "12px system-ui, sans-serif" };
}

function ticksOf(min: number, max: number, log: boolean, length: number, space: number): number[] {
  return log ? logTicks(min, max) : linearTicks(min, max, Math.max(2, Math.floor(length / space)));
}

function paddedRange(min: number | null, max: number | null, log: boolean): [number, number] {
  if (min === null || max === null) return log ? [0.1, 10] : [0, 1];
  if (log) return min === max ? [min / 2, max * 2] : [min / (max / min) ** 0.08, max * (max / min) ** 0.12];
  const pad = max > min ? 0.08 * (max - min) : Math.abs(max) * 0.5 || 1;
  return [min >= 0 ? Math.max(0, min - pad) : min - pad, max + pad];
}

const triangle = (x: number, y: number, r: number) => `M${x - r} ${y - r}H${x + r}L${x} ${y + r * 0.8}Z`;
const cross = (x: number, y: number, r: number) => `M${x - r} ${y - r}L${x + r} ${y + r}M${x - r} ${y + r}L${x + r} ${y - r}`;
