// A chart's numbers in words: what it shows, at places evenly apart.
import { shortNumber, xText, type ChartSpec } from "./chart_specs.js";
import { nearestIndex } from "./columns.js";
import { columnsOf, shownRange, smoothing, xAxis } from "./state.js";
import { drawn } from "../state/runs.js";

const mostRows = 20;

export interface Table {
  head: string[];
  rows: { x: number; values: number[] }[];
}

/** At most 20 rows over the shown range, at places where a run has a row; each value is the one nearest to it. */
export function tableOf(spec: ChartSpec): Table {
  const curves = drawn.value.flatMap((run) => spec.curves(columnsOf(run), xAxis.value, smoothing.value).map((curve) => ({ ...curve, title: `${run.record.name}: ${curve.name}` })));
  const [min, max] = shownRange.value;
  const places = new Set<number>();
  for (let i = 0; i < mostRows; i++) {
    const wanted = min + ((max - min) * i) / (mostRows - 1);
    const found = curves.flatMap(({ x }) => (x.length > 0 ? [x[nearestIndex(x, wanted)]!] : [])).sort((a, b) => Math.abs(a - wanted) - Math.abs(b - wanted))[0];
    if (found !== undefined) places.add(found);
  }
  const rows = [...places].sort((a, b) => a - b).map((x) => ({ x, values: curves.map((curve) => curve.y[nearestIndex(curve.x, x)] ?? NaN) }));
  return { head: curves.map(({ title }) => title), rows };
}

export function ChartTable({ spec }: { spec: ChartSpec }) {
  const { head, rows } = tableOf(spec);
  return (
    <div class="chart-table" tabIndex={0} role="region" aria-label={`${spec.title}: table`}>
      <table>
        <caption class="visually-hidden">
          {spec.title}, {spec.label}
        </caption>
        <thead>
          <tr>
            <th scope="col">{xAxis.value === "step" ? "step" : "time"}</th>
            {head.map((title) => (
              <th scope="col" key={title}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ x, values }) => (
            <tr key={x}>
              <th scope="row">{xText(x, xAxis.value).replace("step ", "")}</th>
              {values.map((value, i) => (
                <td key={head[i]}>{shortNumber(value)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
