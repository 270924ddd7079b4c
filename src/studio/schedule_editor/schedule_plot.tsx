// The rate over the steps, with points to drag, what the run has used so far, and a hand to draw with.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { rate as rateText } from "../layout/format.js";
import { drawn, type Point } from "./freehand.js";
import { beforeModifiers, handlesOf, throughModifiers } from "./handles.js";
import { withoutPoint } from "./part_edits.js";
import { closedBases, startsOf, type Pieces } from "./pieces.js";
import { PlotAxes } from "./plot_axes.js";
import { placeOf, PlotHandle, type PlottedHandle } from "./plot_handle.js";
import { heightOf, rangeOf, rateAt, samplesOf, stepAt, xOf, yOf, type PlotScale } from "./plot_scale.js";
import { edges, shownRun, stepsTaken, usedRates } from "./run_rates.js";
import { curveName, drawing, edited, logRates, mainSchedule, ownVectors, pieces, scheduleNamed, setBase, setSchedule, steps } from "./state.js";
import { Schedule } from "../../schedule/index.js";

const margin = { left: 62, right: 16, top: 14, bottom: 38 };
const height = 200;
/** An edge of stability is worth room on the plot where it is at most so many times the highest rate. */
const edgeRoom = 3;

export function SchedulePlot() {
  const box = useRef<HTMLDivElement>(null);
  const width = useSignal(600);
  const frozen = useSignal<Pick<PlotScale, "top" | "bottom"> | null>(null);
  const stroke = useSignal<Point[]>([]);
  useEffect(() => {
    const sizes = new ResizeObserver(([entry]) => (width.value = Math.max(200, entry!.contentRect.width - margin.left - margin.right)));
    sizes.observe(box.current!);
    return () => sizes.disconnect();
  }, []);

  const schedule = edited.value;
  const now = pieces.value;
  const starts = now ? startsOf(now) : [];
  const size = { width: width.value, steps: Math.max(1, steps.value) };
  const curve = schedule && now ? samplesOf(schedule, size, starts) : [];
  const used = curveName.value === "schedule" ? usedRates(size.steps, size.width) : [];
  const rates = [...curve, ...used].map(([, rate]) => rate);
  const highest = Math.max(...rates.filter(Number.isFinite), 0);
  const nearEdges = edges.value.map(([, rate]) => rate).filter((rate) => rate <= edgeRoom * highest);
  const range = frozen.value ?? rangeOf([...rates, ...nearEdges], logRates.value);
  const scale: PlotScale = { ...size, height, log: logRates.value, ...range };
  const taken = stepsTaken.value;
  const path = (points: readonly (readonly [number, number])[]) => points.map(([t, rate], i) => `${i === 0 ? "M" : "L"}${xOf(scale, t).toFixed(1)} ${clampY(scale, yOf(scale, rate)).toFixed(1)}`).join("");
  const hand = handDrawing(scale, stroke, (points) => setSchedule(new Schedule(drawn(schedule, points, size.steps, (rate) => heightOf(scale, rate)))));
  return (
    <div class="schedule-plot" ref={box}>
      <svg width={size.width + margin.left + margin.right} height={height + margin.top + margin.bottom} role="group" aria-label={`Learning rate over ${size.steps} steps${logRates.value ? ", logarithmic" : ""}`}>
        <clipPath id="schedule-clip">
          <rect x={-2} y={-2} width={size.width + 4} height={height + 4} />
        </clipPath>
        <g transform={`translate(${margin.left} ${margin.top})`} data-plot>
          <PlotAxes scale={scale} />
          <g clip-path="url(#schedule-clip)">
            {other() && <path class="plot-other" d={path(samplesOf(other()!, size, []))} />}
            {edges.value.length > 0 && <path class="plot-edge" d={path(edges.value)} />}
            {edges.value.map(([t, rate]) => (
              <path key={t} class="plot-edge-mark" d={`M${xOf(scale, t) - 4} ${yOf(scale, rate)}h8`} />
            ))}
            <path class="plot-curve" data-curve d={path(curve)} />
            {used.length > 0 && <path class="plot-used" data-used d={path(used)} />}
            {stroke.value.length > 1 && <path class="plot-stroke" d={path(stroke.value)} />}
          </g>
          {taken !== null && taken > 0 && (
            <g class="plot-now" data-now={taken}>
              <line x1={xOf(scale, taken)} x2={xOf(scale, taken)} y1={0} y2={height} />
              <text x={xOf(scale, taken)} y={-3} text-anchor={taken > size.steps / 2 ? "end" : "start"}>
                step {taken}
              </text>
            </g>
          )}
          {drawing.value ? (
            <rect class="plot-paper" width={size.width} height={height} {...hand}>
              <title>Draw the rate with the pointer held down</title>
            </rect>
          ) : (
            now && plotted(now, starts, size.steps).map((handle) => <PlotHandle key={handle.key} handle={handle} scale={scale} onDrag={(dragging) => (frozen.value = dragging ? { top: scale.top, bottom: scale.bottom } : null)} />)
          )}
        </g>
      </svg>
      <p class="plot-legend muted">
        <Line kind="plot-curve" /> planned
        {used.length > 0 && (
          <>
            <Line kind="plot-used" /> used by {shownRun.value!.record.name}
          </>
        )}
        {other() && (
          <>
            <Line kind="plot-other" /> {curveName.value === "schedule" ? "biases and norms" : "all other weights"}
          </>
        )}
        {edges.value.length > 0 && (
          <>
            <Line kind="plot-edge" /> edge of stability{nearEdges.length === 0 ? `, above the plot: ${rateText(Math.min(...edges.value.map(([, rate]) => rate)))}` : ""}
          </>
        )}
      </p>
    </div>
  );
}

/** The curve that is not edited, where there are two. */
function other(): Schedule | null {
  if (!ownVectors.value) return null;
  const schedule = curveName.value === "schedule" ? scheduleNamed("vectorSchedule") : mainSchedule.value;
  return schedule && !schedule.isOpen ? schedule : null;
}

/** Every part's handles where they are on the plot. Those beyond the end of the run are left out. */
function plotted(now: Pieces, starts: readonly number[], length: number): PlottedHandle[] {
  const bases = closedBases(now);
  return now.parts.flatMap(({ base, modifiers }, i) => {
    const start = starts[i]!;
    const horizon = Math.max(1, (starts[i + 1] ?? length) - start);
    return handlesOf(base, bases[i]!, horizon).flatMap((handle): PlottedHandle[] => {
      const [local, rate] = throughModifiers(modifiers, handle.t, handle.value);
      const [t, shown] = throughModifiers(now.over, start + local, rate);
      if (t > length * 1.0001) return [];
      return [{
        key: `${i}:${handle.id}`,
        label: now.parts.length > 1 ? `${handle.label} of part ${i + 1}` : handle.label,
        t, rate: shown, moves: handle.moves,
        move(toStep, toRate) {
          const [inChain, chainRate] = beforeModifiers(now.over, toStep, toRate);
          setBase(i, handle.drag(...beforeModifiers(modifiers, Math.max(0, inChain - start), chainRate)));
        },
        remove: base.shape === "piecewise" && base.points.length > 1 ? () => setBase(i, withoutPoint(base, Number(handle.id.slice("point ".length)) - 1)) : null,
      }];
    });
  });
}

function handDrawing(scale: PlotScale, stroke: { value: Point[] }, done: (points: Point[]) => void) {
  const add = (event: PointerEvent) => {
    const { x, y } = placeOf(event);
    const share = Math.min(scale.height, Math.max(0, y));
    stroke.value = [...stroke.value, [Math.min(scale.steps, Math.max(0, stepAt(scale, x))), rateAt(scale, share)]];
  };
  return {
    onPointerDown(event: PointerEvent) {
      (event.currentTarget as Element).setPointerCapture(event.pointerId);
      stroke.value = [];
      add(event);
    },
    onPointerMove(event: PointerEvent) {
      if (stroke.value.length > 0) add(event);
    },
    onPointerUp() {
      if (stroke.value.length > 1) done(stroke.value);
      stroke.value = [];
    },
    onPointerCancel() {
      stroke.value = [];
    },
  };
}

function Line({ kind }: { kind: string }) {
  return (
    <svg width="26" height="10" aria-hidden="true">
      <path class={kind} d="M0 5H26" />
    </svg>
  );
}

/** Within reach of the canvas: far outside, SVG renderers lose their precision. */
function clampY({ height: tall }: PlotScale, y: number): number {
  return Number.isFinite(y) ? Math.max(-tall, Math.min(2 * tall, y)) : tall;
}
