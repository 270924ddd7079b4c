// Measurements as they come, a table for each suite.
import type { Measurement } from "../../bench/row.js";
import { benchRows } from "./bench_run.js";

export function BenchTables() {
  const suites = [...new Set(benchRows.value.map(({ suite }) => suite))];
  return (
    <>
      {suites.map((suite) => (
        <Suite key={suite} suite={suite} rows={benchRows.value.filter((row) => row.suite === suite)} />
      ))}
    </>
  );
}

function Suite({ suite, rows }: { suite: string; rows: readonly Measurement[] }) {
  return (
    <div class="tool-table" tabIndex={0} role="region" aria-label={`Measurements: ${suite}`}>
      <table>
        <caption>{suite}</caption>
        <thead>
          <tr>
            <th scope="col">what</th>
            <th scope="col">median</th>
            <th scope="col">throughput</th>
            <th scope="col">of peak</th>
            <th scope="col">quartiles</th>
            <th scope="col">shape</th>
            <th scope="col">note</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={i}>
              <td>
                {row.name}
                {row.contender !== "kiln" && <span class="muted"> ({row.contender})</span>}
              </td>
              <td>{row.median === null ? "–" : `${digits(row.median)} ${row.unit}`}</td>
              <td>{row.gflops ? `${digits(row.gflops)} GFLOP/s` : row.gbps ? `${digits(row.gbps)} GB/s` : ""}</td>
              <td>{row.floorShare ? `${Math.round(100 * row.floorShare)}%` : ""}</td>
              <td>{row.q1 === undefined || row.q3 === undefined ? "" : `${digits(row.q1)} to ${digits(row.q3)}`}</td>
              <td>{row.shape}</td>
              <td>
                {row.note}
                {row.error && <span class="error"> {row.error}</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const digits = (value: number) => (value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3))));
