// One HTML file with everything in it: charts as SVG, tables, and what was measured on what. No scripts, nothing loaded.
import { renderSvg } from "../../plot/echarts.js";
import { escaped, factList, htmlPage } from "../../plot/page.js";
import type { Verdict } from "../bars.js";
import type { Environment, Measurement } from "../row.js";
import { chartsOf } from "./charts.js";
import { digits } from "./text.js";

export interface ReportOptions {
  environment: Environment;
  /** Against the project's own bars; empty where they were not measured. */
  verdicts?: readonly Verdict[];
}

/** Throws: UsageError where the package echarts is not installed. */
export async function htmlReport(rows: readonly Measurement[], { environment, verdicts = [] }: ReportOptions): Promise<string> {
  const charts = await chartSvgs(rows);
  const suites = [...new Set(rows.map(({ suite }) => suite))];
  return htmlPage(
    `kiln bench: ${environment.adapter}`,
    [
      "<h1>kiln bench</h1>",
      environmentList(environment),
      environment.software ? "<p><strong>A software adapter:</strong> these numbers say nothing about a GPU.</p>" : "",
      verdicts.length > 0 ? verdictTable(verdicts) : "",
      ...charts.map(({ svg }) => `<figure>${svg}</figure>`),
      ...suites.map((suite) => suiteTable(suite, rows.filter((row) => row.suite === suite))),
    ],
    ".own { font-weight: 600; }\n",
  );
}

/** The report's charts alone. Throws as `htmlReport`. */
export function chartSvgs(rows: readonly Measurement[]): Promise<{ title: string; svg: string }[]> {
  return Promise.all(chartsOf(rows).map(async (chart) => ({ title: chart.title, svg: await renderSvg(chart.option, chart, "--html") })));
}

/** The part that a page shows of measurements as they come. */
export function suiteTable(suite: string, rows: readonly Measurement[]): string {
  const heads = ["", "shape", "contender", "median", "quartiles", "samples", "throughput", "of peak", "over Kiln", "per repetition", ""];
  return `<h2>${escaped(suite)}</h2><div class="wide"><table><thead><tr>${heads.map((head) => `<th>${head}</th>`).join("")}</tr></thead><tbody>${rows.map(rowCells).join("\n")}</tbody></table></div>`;
}

function rowCells(row: Measurement): string {
  const { name, shape, contender, unit, median, q1, q3, samples, inner, gflops, gbps, floorShare, overKiln, calls, error, note } = row;
  const cells = [
    name,
    shape,
    contender,
    median === null ? "-" : `${digits(median)} ${unit}`,
    q1 === undefined || q3 === undefined ? "" : `${digits(q1)} to ${digits(q3)}`,
    samples === undefined ? "" : `${samples}${inner && inner > 1 ? ` x ${inner}` : ""}`,
    gflops ? `${digits(gflops)} GFLOP/s` : gbps ? `${digits(gbps)} GB/s` : "",
    floorShare ? `${Math.round(100 * floorShare)} %` : "",
    overKiln ? `${digits(overKiln)} x` : "",
    calls ? `${calls.dispatches} dispatches, ${calls.submits} submits, ${calls.pipelines} pipelines, ${calls.buffers} buffers` : "",
    [note, error && `! ${error}`].filter(Boolean).join("; "),
  ];
  return `<tr${contender === "kiln" ? ' class="own"' : ""}>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join("")}</tr>`;
}

function verdictTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ what, value, bar, state }) => `<tr><td>${escaped(what)}</td><td>${escaped(value)}</td><td>${escaped(bar)}</td><td>${escaped(state)}</td></tr>`);
  return `<h2>bars</h2><table><thead><tr><th></th><th>measured</th><th>bar</th><th></th></tr></thead><tbody>${rows.join("\n")}</tbody></table>`;
}

function environmentList({ adapter, class: kind, runtime, machine, commit, date, versions }: Environment): string {
  return factList([
    ["adapter", `${adapter} (class ${kind})`],
    ["runtime", runtime],
    ["machine", machine],
    ["commit", commit],
    ["date", date],
    ["versions", Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(", ")],
  ]);
}
