// Grid and numbers of the plot.
import { linearTicks, logTicks, tickText } from "../charts/ticks.js";
import { xOf, yOf, type PlotScale } from "./plot_scale.js";

export function PlotAxes({ scale }: { scale: PlotScale }) {
  const { width, height, top, bottom, steps, log } = scale;
  const rates = log ? logTicks(bottom, top) : linearTicks(bottom, top, 5);
  return (
    <g class="plot-axes" aria-hidden="true">
      {linearTicks(0, steps, Math.max(2, Math.floor(width / 90))).map((t) => (
        <g key={`t${t}`}>
          <line x1={xOf(scale, t)} x2={xOf(scale, t)} y1={0} y2={height} />
          <text x={xOf(scale, t)} y={height + 18} text-anchor="middle">
            {tickText(t)}
          </text>
        </g>
      ))}
      {rates.map((rate) => (
        <g key={`r${rate}`}>
          <line x1={0} x2={width} y1={yOf(scale, rate)} y2={yOf(scale, rate)} />
          <text x={-8} y={yOf(scale, rate) + 4} text-anchor="end">
            {tickText(rate)}
          </text>
        </g>
      ))}
      <text x={width} y={height + 34} text-anchor="end">
        step
      </text>
    </g>
  );
}
