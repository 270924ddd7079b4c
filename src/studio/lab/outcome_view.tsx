// What came of an experiment.
import type { Table, Verdict } from "../../lab/index.js";
import type { Shown } from "./lab_run.js";

export function VerdictBadge({ verdict }: { verdict: Verdict }) {
  return <span class={`lab-badge ${verdict.split(" ")[0]}`}>{verdict}</span>;
}

export function OutcomeView({ outcome }: { outcome: Shown }) {
  const { criteria, summary, advice, charts, tables, seconds } = outcome;
  return (
    <div class="lab-outcome">
      <div class="tool-table" tabIndex={0} role="region" aria-label="Criteria">
        <table>
          <thead>
            <tr>
              <th scope="col">compared</th>
              <th scope="col">median (range)</th>
              <th scope="col">confirms</th>
              <th scope="col">contradicts</th>
              <th scope="col">verdict</th>
            </tr>
          </thead>
          <tbody>
            {criteria.map(({ statement, value, confirmed, contradicted, verdict }) => (
              <tr key={statement}>
                <td>{statement}</td>
                <td>{value}</td>
                <td>{confirmed}</td>
                <td>{contradicted}</td>
                <td>
                  <VerdictBadge verdict={verdict} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p>{summary}</p>
      {charts.map(({ title, url }) => (
        <img key={url} class="bench-chart" src={url} alt={`${title}: its numbers are in the tables below`} />
      ))}
      <p class="lab-advice">
        <strong>In your training:</strong> {advice}
      </p>
      {tables.map((table) => (
        <TableView key={table.title} table={table} />
      ))}
      <p class="muted small">Took {seconds.toFixed(0)} s.</p>
    </div>
  );
}

function TableView({ table: { title, columns, rows } }: { table: Table }) {
  return (
    <details>
      <summary>{title}</summary>
      <div class="tool-table" tabIndex={0} role="region" aria-label={title}>
        <table>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, i) => (
              <tr key={i}>
                {row.map((value, j) => (
                  <td key={j}>{value === null ? "–" : typeof value === "number" ? short(value) : value}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

/** A sweep's number that is none comes from training that diverged. */
function short(value: number): string {
  if (Number.isNaN(value)) return "diverged";
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(3)));
}
