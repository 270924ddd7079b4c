// Outcomes of experiments as one HTML file: verdicts first, then each experiment with what it claims, saw and advises.
import { escaped, factList, htmlPage } from "../../plot/page.js";
import { boundText, type Judged, type Verdict } from "../criterion.js";
import type { Table } from "../experiment.js";
import type { Outcome } from "../run.js";
import { drawChart } from "./drawing.js";

export interface ReportOptions {
  /** Names and values for the head: adapter, date, version. */
  facts: readonly (readonly [name: string, value: string])[];
  software: boolean;
  /** Experiments that could not be measured here, and why. */
  skipped?: readonly { name: string; reason: string }[];
}

/** Throws: UsageError where the package echarts is not installed. */
export async function labReport(outcomes: readonly Outcome[], { facts, software, skipped = [] }: ReportOptions): Promise<string> {
  const sections: string[] = [];
  for (const outcome of outcomes) sections.push(await sectionOf(outcome));
  const head = [
    "<h1>The Warmup Lab</h1>",
    "<p>What theory and papers claim about warmup, schedules, normalisation and optimizers, measured with Kiln. Each verdict follows from criteria that were stated first: a claim is confirmed where the median over seeds meets the bound and no seed shows the opposite, contradicted where the median shows the opposite, and else not confirmed at this scale.</p>",
    factList(facts),
    software ? "<p>Measured on a software adapter: the numbers of training hold anywhere, up to rounding; the times do not.</p>" : "",
    summaryTable(outcomes),
    ...skipped.map(({ name, reason }) => `<p><code>${escaped(name)}</code> was not measured: ${escaped(reason)}.</p>`),
  ];
  return htmlPage("Kiln: the Warmup Lab", [...head, ...sections], style);
}

function summaryTable(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ experiment: { name, group, title }, verdict, criteria, seconds }) => [
    String(group), `<a href="#${name}">${escaped(title)}</a>`, badge(verdict),
    criteria.map((criterion) => `${escaped(criterion.statement)}: ${valueText(criterion)}`).join("<br>"), `${seconds.toFixed(0)} s`,
  ]);
  return tableOf(["group", "experiment", "verdict", "measured", "took"], rows);
}

async function sectionOf({ experiment, verdict, criteria, findings, measured, seconds }: Outcome): Promise<string> {
  const { name, group, title, claim, source, prediction } = experiment;
  const pictures: string[] = [];
  for (const [i, chart] of findings.charts.entries()) {
    // Ids of several pictures share the page.
    const svg = (await drawChart(chart)).replace(/\bclip-(?=\d)/g, `${name}-${i}-clip-`);
    pictures.push(`<figure role="img" aria-label="${escaped(`${chart.title}: its numbers are in the tables below`)}">${svg}</figure>`);
  }
  return [
    `<section id="${name}"><h2>${escaped(title)} ${badge(verdict)}</h2>`,
    factList([["claim", claim], ["source", source], ["predicted", prediction]]),
    tableOf(["compared", "confirms", "contradicts", "each seed", "median (range)", "verdict"], criteria.map(criterionRow)),
    `<p>${escaped(findings.summary)}</p>`,
    ...pictures,
    `<p class="advice"><strong>In your training:</strong> ${escaped(findings.advice)}</p>`,
    ...findings.tables.map(detailsOf),
    `<p class="muted">Group ${group} of the catalogue; ${measured.length} settings in ${seconds.toFixed(0)} s; again with <code>kiln lab ${name}</code></p></section>`,
  ].join("\n");
}

function criterionRow(criterion: Judged): string[] {
  const { statement, confirmed, contradicted, unit, values, verdict } = criterion;
  return [escaped(statement), escaped(boundText(confirmed, unit)), escaped(boundText(contradicted, unit)), values.map(short).join(", "), valueText(criterion), badge(verdict)];
}

function detailsOf({ title, columns, rows }: Table): string {
  const cells = rows.map((row) => row.map((value) => (value === null ? "–" : escaped(typeof value === "number" ? short(value) : value))));
  return `<details><summary>${escaped(title)}</summary>${tableOf(columns, cells)}</details>`;
}

/** Heads are text, cells are HTML. */
function tableOf(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[], tag: string) => `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join("")}</tr>`;
  return `<div class="wide"><table><thead>${row(heads.map(escaped), "th")}</thead><tbody>${rows.map((cells) => row(cells, "td")).join("\n")}</tbody></table></div>`;
}

/** "1.9 x (1.7 to 2.2)" */
export function valueText({ median, low, high, unit = "", values }: Judged): string {
  if (Number.isNaN(median)) return "no number";
  return `${short(median)}${unit && ` ${unit}`}${values.length > 1 ? ` (${short(low)} to ${short(high)})` : ""}`;
}

export function short(value: number): string {
  if (Number.isNaN(value)) return "diverged";
  return Number.isInteger(value) && Math.abs(value) < 1e6 ? String(value) : String(Number(value.toPrecision(3)));
}

/** A word, and a colour beside it. */
function badge(verdict: Verdict): string {
  return `<span class="badge ${verdict.split(" ")[0]}">${verdict}</span>`;
}

const style = `
h2 { margin-top: 2.5rem; }
td { white-space: normal; vertical-align: top; }
.badge { font-size: 0.75rem; font-weight: 600; padding: 0.1rem 0.5rem; border-radius: 1rem; border: 1px solid; white-space: nowrap; vertical-align: middle; }
.confirmed { color: #22a06b; } .contradicted { color: #e2603a; } .not { color: #b7861a; }
.advice { border-left: 3px solid #3b82f6; padding-left: 0.8rem; }
.muted { color: #7d838c; }
`;
