// Losses over rates, with the rates that the analysis names.
import { useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import { linearTicks, logTicks, tickText } from "../charts/ticks.js";
import { rate } from "../layout/format.js";
import type { RangeTestResult } from "../protocol.js";
import { nearestRate, rangeScale } from "./range_scale.js";

const height = 280;
/** Labels of neighbouring decades would touch. */
const narrow = 420;
/** The rate to train with stands out. */
const classOf = (label: string) => (label === "onset" ? "mark chosen" : "mark");

export function RangePlot({ result }: { result: RangeTestResult }) {
  const host = useRef<HTMLDivElement>(null);
  const width = useSignal(640);
  const pointed = useSignal<number | null>(null);
  const clip = useId();
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => (width.value = Math.max(240, Math.floor(entry!.contentRect.width))));
    observer.observe(host.current!);
    return () => observer.disconnect();
  }, []);
  const scale = rangeScale(result, { width: width.value, height });
  const { x, y, left, right, top, bottom, lrs, losses } = scale;
  const point = (event: PointerEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    pointed.value = nearestRate(result, scale.rateAt(event.clientX - box.left));
  };
  const i = pointed.value;
  return (
    <div ref={host} class="range-plot">
      <svg width={width.value} height={height} role="img" aria-label={`Loss over learning rate from ${rate(lrs[0])} to ${rate(lrs[1])}. ${result.marks.map(({ label, lr }) => `${label} at ${rate(lr)}`).join(", ")}`} onPointerMove={point} onPointerLeave={() => (pointed.value = null)}>
        <clipPath id={clip}>
          <rect x={left} y={top} width={right - left} height={bottom - top} />
        </clipPath>
        {logTicks(...lrs).filter((_, i) => width.value >= narrow || i % 2 === 0).map((lr) => (
          <g key={lr}>
            <line class="grid" x1={x(lr)} x2={x(lr)} y1={top} y2={bottom} />
            <text x={x(lr)} y={bottom + 16} text-anchor="middle">
              {tickText(lr)}
            </text>
          </g>
        ))}
        {linearTicks(...losses, 5).map((loss) => (
          <g key={loss}>
            <line class="grid" x1={left} x2={right} y1={y(loss)} y2={y(loss)} />
            <text x={left - 6} y={y(loss) + 4} text-anchor="end">
              {tickText(loss)}
            </text>
          </g>
        ))}
        <text x={(left + right) / 2} y={height - 4} text-anchor="middle">
          learning rate
        </text>
        <text x={0} y={top - 6}>
          loss
        </text>
        <g clip-path={`url(#${clip})`}>
          <path class="loss" d={scale.path(result.losses)} />
          <path class="smooth" d={scale.path(result.smoothed)} />
        </g>
        {scale.marks.map(({ label, lr, row }) => (
          <line key={label} class={classOf(label)} x1={x(lr)} x2={x(lr)} y1={row * 14 + 4} y2={bottom} />
        ))}
        {scale.marks.map(({ label, lr, row, anchor }) => (
          <text key={label} class={classOf(label)} x={x(lr) + (anchor === "start" ? 4 : -4)} y={row * 14 + 12} text-anchor={anchor}>
            {label} {rate(lr)}
          </text>
        ))}
        {i !== null && <line class="pointed" x1={x(result.lrs[i]!)} x2={x(result.lrs[i]!)} y1={top} y2={bottom} />}
      </svg>
      <p class="small muted range-reading">{i === null ? "Thin: the loss after each step. Thick: its running mean." : `Rate ${rate(result.lrs[i]!)}: loss ${result.losses[i]!.toPrecision(4)}, running mean ${result.smoothed[i]!.toPrecision(4)}`}</p>
    </div>
  );
}
