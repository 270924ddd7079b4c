// kiln schedule: values, plot and description of schedules, without training anything.
import type { Command } from "commander";
import pc from "picocolors";
import { UsageError } from "../errors.js";
import { writeFileAtomic } from "../node/files.js";
import { expressionNames, parseSchedule } from "../recipe/schedule_expression.js";
import { schedulePresets } from "../recipe/schedule_presets.js";
import { describe, describeInWords, type Schedule, type ScheduleReport } from "../schedule/index.js";
import { numberOf } from "../recipe/values.js";
import { spread, type Plot } from "./plot/plot.js";
import { svgOf } from "./plot/svg.js";
import { terminalPlot } from "./plot/terminal.js";

interface ScheduleFlags {
  steps?: number;
  from: number;
  every?: number;
  log?: boolean;
  svg?: string;
  csv?: string;
  json?: string;
}

interface Entry {
  text: string;
  schedule: Schedule;
  report: ScheduleReport;
  values: number[];
}

const maxSteps = 1e7;
const plottedPoints = 1000;
const blockRows = 10_000;

export function addScheduleCommand(program: Command): void {
  program
    .command("schedule")
    .description("show a learning-rate schedule: values, a plot, and what theory says of it")
    .argument("<expression...>", 'such as "warmup({ steps: 100, to: 1e-3 }).then(cosine({ steps: 900 }))", JSON, or a preset')
    .option("--steps <n>", "the length of the run; by default the preset's, or until the last value", numberOf("--steps", { min: 1, max: maxSteps, integer: true, example: 2000 }))
    .option("--from <t>", "the first step to show", numberOf("--from", { min: 0, max: 1e15, integer: true, example: 0 }), 0)
    .option("--every <k>", "print every k-th value instead of a few", numberOf("--every", { min: 1, integer: true, example: 10 }))
    .option("--log", "plot the rate on a logarithmic axis")
    .option("--svg <file>", "write the plot as SVG; - for standard output")
    .option("--csv <file>", "write every value as CSV; - for standard output")
    .option("--json <file>", "write values, sums and verdicts as JSON; - for standard output")
    .addHelpText("after", `\nPresets: ${Object.keys(schedulePresets).join(", ")}.\nSeveral expressions are drawn in one plot.`)
    .action((expressions: string[], flags: ScheduleFlags) => showSchedules(expressions, flags));
}

async function showSchedules(expressions: readonly string[], flags: ScheduleFlags): Promise<void> {
  const piped = (["svg", "csv", "json"] as const).filter((name) => flags[name] === "-");
  if (piped.length > 1) throw new UsageError(`--${piped[1]}: standard output is taken, got - for --${piped[0]} too; name a file`);
  const parsed = expressions.map((text) => ({ text, ...read(text) }));
  const steps = flags.steps ?? lengthOf(parsed);
  if (steps * parsed.length > maxSteps) throw new UsageError(`--steps: at most ${maxSteps} values in all, got ${steps} of each of ${parsed.length} schedules; show fewer`);
  const entries = parsed.map(({ text, schedule }): Entry => {
    const report = describe(schedule, { steps, from: flags.from });
    return { text, schedule, report, values: Array.from({ length: steps }, (_, i) => schedule.at(flags.from + i)) };
  });
  const plot = plotOf(entries, flags);
  const files: [string | undefined, () => string | Promise<string>][] = [
    [flags.svg, () => svgOf(plot)],
    [flags.csv, () => csvOf(entries, flags.from)],
    [flags.json, () => jsonOf(entries)],
  ];
  let silent = false;
  for (const [path, make] of files) {
    if (path === undefined) continue;
    const text = await make();
    if (path === "-") process.stdout.write(text);
    else writeFileAtomic(path, text);
    silent ||= path === "-";
  }
  if (!silent) print(entries, plot, flags);
}

function read(text: string): { schedule: Schedule; steps?: number } {
  if (Object.hasOwn(schedulePresets, text)) return schedulePresets[text]!;
  if (/^[a-z][\w-]*$/.test(text) && !expressionNames.includes(text)) {
    throw new UsageError(`schedule: unknown preset, got "${text}"; use ${Object.keys(schedulePresets).join(", ")}, or an expression`);
  }
  return { schedule: parseSchedule(text) };
}

/** To a little past the end of the longest. */
function lengthOf(parsed: readonly { text: string; schedule: Schedule; steps?: number }[]): number {
  const lengths = parsed.map(({ text, schedule, steps }) => {
    const length = steps ?? Math.ceil(schedule.steps) + 1;
    if (!(length <= maxSteps)) throw new UsageError(`--steps: needed where a schedule ${length === Infinity ? "never ends" : "is very long"}, got none for ${text}; for example --steps 2000`);
    return length;
  });
  return Math.max(...lengths);
}

function plotOf(entries: readonly Entry[], { from, log = false }: ScheduleFlags): Plot {
  return {
    title: entries.length === 1 ? entries[0]!.text : "Learning rate",
    x: { label: "step" },
    y: { label: "learning rate", log },
    series: entries.map(({ text, values }) => ({
      name: entries.length === 1 ? "" : text,
      points: spread(values.length, plottedPoints).map((i) => [from + i, values[i]!] as const),
    })),
  };
}

function print(entries: readonly Entry[], plot: Plot, flags: ScheduleFlags): void {
  const { from, every } = flags;
  for (const { text, report, values } of entries) {
    const known = Object.hasOwn(schedulePresets, text) ? pc.dim(`  ${schedulePresets[text]!.source}`) : "";
    console.log(`${pc.bold(text)}${known}`);
    const shown = every === undefined ? keySteps(report) : Array.from({ length: Math.ceil(values.length / every) }, (_, i) => i * every);
    const width = String(from + values.length).length;
    for (const i of shown) console.log(`  step ${String(from + i).padStart(width)}  ${values[i]!}`);
    console.log(`${describeInWords(report).replace(/^warning/gm, pc.yellow("warning"))}\n`);
  }
  const drawing = terminalPlot(plot, { columns: process.stdout.columns ?? 80, color: pc.isColorSupported && entries.length > 1 });
  if (drawing) console.log(drawing);
  for (const path of [flags.svg, flags.csv, flags.json]) if (path) console.log(`wrote     ${path}`);
}

/** Positions worth a line: first, around the peak, quarters, last. */
function keySteps({ from, steps, peak }: ScheduleReport): number[] {
  const top = peak.step - from;
  const wanted = [0, 1, Math.floor(top / 2), top - 1, top, top + 1, ...[1, 2, 3].map((quarter) => Math.floor((quarter * steps) / 4)), steps - 1];
  return [...new Set(wanted.filter((i) => i >= 0 && i < steps))].sort((a, b) => a - b);
}

function csvOf(entries: readonly Entry[], from: number): string {
  const quoted = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const row = (i: number) => `${[from + i, ...entries.map(({ values }) => values[i]!)].join(",")}\n`;
  const count = entries[0]!.values.length;
  // A join of every row at once takes ten times the memory.
  const blocks = Array.from({ length: Math.ceil(count / blockRows) }, (_, block) => {
    const first = block * blockRows;
    return Array.from({ length: Math.min(blockRows, count - first) }, (_, i) => row(first + i)).join("");
  });
  return `${["step", ...entries.map(({ text }) => quoted(text))].join(",")}\n${blocks.join("")}`;
}

function jsonOf(entries: readonly Entry[]): string {
  return `${JSON.stringify(entries.map(({ text, schedule, report, values }) => ({ expression: text, schedule: schedule.toJSON(), ...report, values })))}\n`;
}
