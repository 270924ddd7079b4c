// An outcome as data: JSON with everything, CSV with a line for each cell.
import type { Outcome } from "../run.js";

/** Numbers that JSON does not know are null. */
export function outcomeJson({ experiment, size, verdict, criteria, findings, measured, seconds }: Outcome): string {
  const { name, group, title, claim, source, prediction, revision } = experiment;
  const { summary, advice, tables } = findings;
  return `${JSON.stringify({ name, group, title, revision, size, verdict, criteria, summary, advice, claim, source, prediction, seconds, tables, measured }, null, 1)}\n`;
}

/** Settings, then results; curves, being lists, are joined by spaces. */
export function outcomeCsv({ measured }: Outcome): string {
  const columns = [...new Set(measured.flatMap(({ cell, result }) => [...Object.keys(cell), ...Object.keys(result)]))];
  const rows = measured.map(({ cell, result }) => columns.map((name) => quoted(name in result ? result[name] : cell[name])));
  return `${[columns.map(quoted), ...rows].map((cells) => cells.join(",")).join("\n")}\n`;
}

/** As RFC 4180 has it. */
function quoted(value: unknown): string {
  const text = Array.isArray(value) ? value.join(" ") : value === undefined || value === null || Number.isNaN(value) ? "" : String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
