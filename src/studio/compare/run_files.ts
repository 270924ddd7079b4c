// Runs as files that other programs read.
import { settingNames } from "../../recipe/rules.js";
import type { RunMetrics, RunRecord } from "../protocol.js";
import type { ValueResult } from "./sweep_results.js";

export interface RunWithRows {
  record: RunRecord;
  metrics: Pick<RunMetrics, "steps" | "validations" | "sharpness">;
}

/** All that is known of the runs but their texts and weights. Numbers that JSON has no name for (NaN) become null. */
export function runsJson(runs: readonly RunWithRows[]): string {
  const plain = runs.map(({ record, metrics: { steps, validations, sharpness } }) => ({ ...record, metrics: { steps, validations, sharpness } }));
  return `${JSON.stringify({ format: "kiln-studio-runs", version: 1, runs: plain }, null, 1)}\n`;
}

const stepMetrics = ["loss", "lr", "gradNorm", "clipped", "skipped", "lossScale", "tokensPerSecond"] as const;

/** The long format: one line for each number, so that any plotting tool can group by run and metric. */
export function metricsCsv(runs: readonly RunWithRows[]): string {
  const lines: string[][] = [["run", "name", "step", "seconds", "metric", "value"]];
  for (const { record, metrics } of runs) {
    const add = (step: number, seconds: number | null, metric: string, value: number | boolean | null | undefined) => {
      if (value === null || value === undefined) return;
      lines.push([record.id, record.name, String(step), seconds === null ? "" : String(seconds), metric, String(Number(value))]);
    };
    for (const row of metrics.steps) for (const name of stepMetrics) add(row.step, row.seconds, name, row[name]);
    for (const { step, seconds, validationLoss, exactMatch } of metrics.validations) {
      add(step, seconds, "validationLoss", validationLoss);
      add(step, seconds, "exactMatch", exactMatch);
    }
    for (const { step, sharpness, threshold } of metrics.sharpness) {
      add(step, null, "sharpness", sharpness);
      add(step, null, "sharpnessThreshold", threshold);
    }
  }
  return csv(lines);
}

const results = ["status", "step", "loss", "bestValidationLoss", "exactMatch", "trainedSeconds", "parameters", "adapter"] as const;

/** A line for each run: its settings and what came of them. */
export function settingsCsv(runs: readonly RunWithRows[]): string {
  const head = ["run", "name", "created", ...settingNames, ...results, "clippedSteps", "skippedSteps", "liveChanges"];
  const lines = runs.map(({ record, metrics: { steps } }) => [
    record.id,
    record.name,
    new Date(record.created).toISOString(),
    ...settingNames.map((name) => String(record.settings[name])),
    ...results.map((name) => String(record[name] ?? "")),
    String(steps.filter(({ clipped }) => clipped).length),
    String(steps.filter(({ skipped }) => skipped).length),
    record.changes.length === 0 ? "" : JSON.stringify(record.changes),
  ]);
  return csv([head, ...lines]);
}

/** A line for each run of a sweep that ended. */
export function sweepCsv(setting: string, results: readonly ValueResult[]): string {
  return csv([[setting, "seed", "run", "validationLoss"], ...results.flatMap(({ value, losses }) => losses.map(({ seed, run, loss }) => [String(value), String(seed), run, String(loss)]))]);
}

/** RFC 4180: a field with a comma, a quote or a line end stands in quotes. */
function csv(lines: readonly (readonly string[])[]): string {
  return lines.map((line) => line.map(csvField).join(",")).join("\r\n") + "\r\n";
}

/** Spreadsheets compute what begins with one of = + - @, numbers aside: a name must not be a formula. */
function csvField(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) && !Number.isFinite(Number(text)) && text !== "-Infinity" ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}

/** Texts that runs wrote, each under its run and step. */
export function samplesText(samples: readonly { name: string; step: number; text: string }[]): string {
  return samples.map(({ name, step, text }) => `=== ${name}, step ${step} ===\n${text}\n`).join("\n");
}

/** A file name of a run's: letters, digits and hyphens of its name, and what makes it this moment's. */
export function fileNameOf(name: string, rest: string): string {
  const plain = name
    .normalize("NFKD")
    .replace(/[^A-Za-z0-9.]+/g, "-")
    .replace(/^[-.]+|[-.]+$/g, "")
    .slice(0, 60);
  return `${plain || "run"}${rest}`;
}
