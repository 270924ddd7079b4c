// One point of the schedule that is dragged by pointer or keys.
import { useRef } from "preact/hooks";
import { rate as rateText } from "../layout/format.js";
import { rateAt, stepAt, xOf, yOf, type PlotScale } from "./plot_scale.js";

export interface PlottedHandle {
  key: string;
  label: string;
  /** On the plot: steps from the start of the run, and the rate that is drawn. */
  t: number;
  rate: number;
  moves: "both" | "steps" | "rate";
  move: (t: number, rate: number) => void;
  /** Takes the point away, where it can go. */
  remove: (() => void) | null;
}

interface Props {
  handle: PlottedHandle;
  scale: PlotScale;
  /** The scale stays as it is between them: a plot that grows under the pointer cannot be aimed at. */
  onDrag: (dragging: boolean) => void;
}

/** Of the plot's height, or of a step: what an arrow key moves by. */
const keyShare = 1 / 100;

export function PlotHandle({ handle, scale, onDrag }: Props) {
  const grip = useRef<{ dx: number; dy: number } | null>(null);
  const { label, t, rate, moves } = handle;
  const x = clamp(xOf(scale, t), 0, scale.width);
  const y = clamp(yOf(scale, rate), 0, scale.height);
  const to = (toX: number, toY: number) => handle.move(moves === "rate" ? t : Math.max(0, Math.round(stepAt(scale, toX))), moves === "steps" ? rate : rounded(Math.max(0, rateAt(scale, toY)), scale));

  const down = (event: PointerEvent) => {
    if (event.button !== 0) return;
    const place = placeOf(event);
    grip.current = { dx: x - place.x, dy: y - place.y };
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
    onDrag(true);
    (event.currentTarget as SVGElement).focus();
    event.preventDefault();
  };
  const drag = (event: PointerEvent) => {
    if (!grip.current) return;
    const place = placeOf(event);
    to(clamp(place.x + grip.current.dx, 0, scale.width), clamp(place.y + grip.current.dy, 0, scale.height));
  };
  const up = () => {
    if (!grip.current) return;
    grip.current = null;
    onDrag(false);
  };
  const key = (event: KeyboardEvent) => {
    const by = event.shiftKey ? 10 : 1;
    const toRate = (sign: number) => moves !== "steps" && handle.move(t, rounded(Math.max(0, rateAt(scale, yOf(scale, rate) - sign * by * keyShare * scale.height)), scale));
    const toStep = (sign: number) => moves !== "rate" && handle.move(Math.max(0, Math.round(t) + sign * by * Math.max(1, Math.round(scale.steps / 500))), rate);
    const keys: Record<string, () => void> = {
      ArrowLeft: () => toStep(-1),
      ArrowRight: () => toStep(1),
      ArrowUp: () => toRate(1),
      ArrowDown: () => toRate(-1),
      Delete: () => handle.remove?.(),
    };
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  return (
    <g
      class="plot-handle"
      role="slider"
      // In lower case: attributes of SVG are told apart by it.
      tabindex={0}
      aria-label={`${label}, ${moves === "both" ? "left and right for steps, up and down for the rate" : moves === "steps" ? "left and right for steps" : "up and down for the rate"}${handle.remove ? ", Delete removes it" : ""}`}
      aria-valuemin={0}
      aria-valuemax={moves === "steps" ? scale.steps : scale.top}
      aria-valuenow={moves === "steps" ? Math.round(t) : rate}
      aria-valuetext={`step ${Math.round(t)}, rate ${rateText(rate)}`}
      data-handle={handle.key}
      transform={`translate(${x} ${y})`}
      onPointerDown={down}
      onPointerMove={drag}
      onPointerUp={up}
      onPointerCancel={up}
      onKeyDown={key}
    >
      <title>{`${label}: step ${Math.round(t)}, rate ${rateText(rate)}`}</title>
      <circle class="plot-handle-reach" r={16} />
      {moves === "steps" ? <path d="M-8 0L-2 -5V5ZM8 0L2 -5V5Z" /> : moves === "rate" ? <path d="M0 -8L-5 -2H5ZM0 8L-5 2H5Z" /> : <circle r={6.5} />}
    </g>
  );
}

/** In the plot's own units: its transform takes margins and page zoom out. */
export function placeOf(event: PointerEvent): { x: number; y: number } {
  const element = event.currentTarget as SVGGraphicsElement;
  const plot = element.closest("[data-plot]") as SVGGraphicsElement;
  const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(plot.getScreenCTM()!.inverse());
  return { x, y };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

/** Three digits, and nothing below what the plot shows. */
function rounded(rate: number, { top }: PlotScale): number {
  return rate < top * 1e-6 ? 0 : Number(rate.toPrecision(3));
}
