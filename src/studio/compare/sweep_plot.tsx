// The loss at each value of a sweep: a dot for each seed, a bar over their spread, a line through their means.
import { useRef } from "preact/hooks";
import { cssColor, saveFile } from "../charts/export.js";
import { linearTicks, tickText } from "../charts/ticks.js";
import { words } from "../settings_form/words.js";
import type { SettingName } from "../state/settings.js";
import { settingText } from "./columns.js";
import { placesOf } from "./sweep_places.js";
import { bestOf, type ValueResult } from "./sweep_results.js";

const size = { width: 560, height: 260 };
const margin = { left: 56, right: 20, top: 14, bottom: 44 };

export function SweepPlot({ setting, results }: { setting: SettingName; results: readonly ValueResult[] }) {
  const drawing = useRef<SVGSVGElement>(null);
  const losses = results.flatMap((result) => result.losses.map(({ loss }) => loss));
  if (losses.length === 0) return null;
  const [plotWidth, plotHeight] = [size.width - margin.left - margin.right, size.height - margin.top - margin.bottom];
  const places = placesOf(results.map(({ value }) => value)).map((share) => margin.left + plotWidth * (0.06 + 0.88 * share));
  const [min, max] = paddedRange(losses);
  const y = (loss: number) => margin.top + plotHeight * (1 - (loss - min) / (max - min));
  const isOrdered = typeof results[0]!.value === "number";
  const means = results.flatMap(({ mean }, i) => (mean === null ? [] : [`${places[i]!.toFixed(1)},${y(mean).toFixed(1)}`]));
  const best = bestOf(results);
  const bottom = size.height - margin.bottom;
  return (
    <figure class="sweep-plot">
      <svg ref={drawing} viewBox={`0 0 ${size.width} ${size.height}`} role="img" aria-label={`Validation loss after the last step by ${words[setting].label}. The table below has the numbers.`} font-size="12">
        <rect width={size.width} height={size.height} fill="var(--surface)" />
        {linearTicks(min, max, 5).map((tick) => (
          <g key={tick}>
            <line x1={margin.left} x2={size.width - margin.right} y1={y(tick)} y2={y(tick)} stroke="var(--line)" />
            <text x={margin.left - 6} y={y(tick) + 4} text-anchor="end" fill="var(--muted)">
              {tickText(tick)}
            </text>
          </g>
        ))}
        {results.map(({ value, failed }, i) => (
          <g key={String(value)}>
            <line x1={places[i]} x2={places[i]} y1={bottom} y2={bottom + 4} stroke="var(--muted)" />
            <text x={places[i]} y={bottom + 18} text-anchor="middle" fill="var(--text)">
              {settingText(setting, value)}
            </text>
            {failed > 0 && (
              <text x={places[i]} y={margin.top + 12} text-anchor="middle" fill="var(--danger)">
                {failed} failed
              </text>
            )}
          </g>
        ))}
        <text x={margin.left + plotWidth / 2} y={size.height - 8} text-anchor="middle" fill="var(--text)">
          {words[setting].label}
        </text>
        <text x={14} y={margin.top + plotHeight / 2} text-anchor="middle" fill="var(--text)" transform={`rotate(-90 14 ${margin.top + plotHeight / 2})`}>
          Validation loss
        </text>
        {isOrdered && <polyline points={means.join(" ")} fill="none" stroke="var(--run-1)" stroke-width="2" />}
        {results.map((result, i) => (
          <g key={String(result.value)}>
            {result.losses.length > 1 && <line x1={places[i]} x2={places[i]} y1={y(result.min!)} y2={y(result.max!)} stroke="var(--run-1)" stroke-width="5" stroke-opacity="0.35" />}
            {result.losses.map(({ run, seed, loss }) => (
              <circle key={run} cx={places[i]} cy={y(loss)} r="3.5" fill="var(--run-1)">
                <title>{`${settingText(setting, result.value)}, seed ${seed}: ${loss.toFixed(4)}`}</title>
              </circle>
            ))}
            {result === best && results.length > 1 && <circle cx={places[i]} cy={y(result.mean!)} r="8" fill="none" stroke="var(--good)" stroke-width="2" />}
          </g>
        ))}
      </svg>
      <figcaption class="row">
        <span class="muted">After the last step. Ring: lowest mean. Lower is better.</span>
        <button type="button" title="Save this plot as a drawing that scales" onClick={() => saveFile(`kiln-sweep-${setting}.svg`, new Blob([standalone(drawing.current!)], { type: "image/svg+xml" }))}>
          SVG
        </button>
      </figcaption>
    </figure>
  );
}

/** A file knows no custom properties of the page. */
function standalone(svg: SVGSVGElement): string {
  const text = new XMLSerializer().serializeToString(svg);
  return text.replace(/var\((--[\w-]+)\)/g, (_, property: string) => cssColor(property)).replace("<svg ", '<svg font-family="system-ui, sans-serif" ');
}

function paddedRange(losses: readonly number[]): [number, number] {
  const [min, max] = [Math.min(...losses), Math.max(...losses)];
  const pad = max > min ? 0.1 * (max - min) : 0.05 * Math.abs(max) || 1;
  return [min - pad, max + pad];
}
