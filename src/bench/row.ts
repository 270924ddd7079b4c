// A measurement as a line of JSON: enough to know what was measured, on what, and whether two lines may be compared.
import type { AdapterDescription } from "../gpu/adapter.js";
import type { GpuCalls } from "./probe.js";
import type { Summary } from "./statistics.js";

/** Raised when an older reader would misunderstand. */
export const rowFormat = 1;

export interface Environment {
  /** The adapter's name, with its driver. */
  adapter: string;
  class: AdapterDescription["class"];
  software: boolean;
  /** "Node 20.1.0, linux x64" or the browser's own words. */
  runtime: string;
  /** Processor, cores, and how busy the machine was. */
  machine: string;
  commit: string;
  /** ISO 8601. */
  date: string;
  versions: Readonly<Record<string, string>>;
}

/** What one contender did in one case. */
export interface Measurement {
  suite: string;
  /** What was done: "matmul", "AdamW step", "training step". */
  name: string;
  shape: string;
  contender: string;
  /** Of `median`, `q1`, `q3` and `min`: "ms" but where another is said. */
  unit: string;
  median: number | null;
  q1?: number;
  q3?: number;
  min?: number;
  samples?: number;
  /** Repetitions a sample. */
  inner?: number;
  /** The first repetition, compilation included, in milliseconds. */
  first_ms?: number;
  /** Of one repetition, at least: what the mathematics asks for. */
  flops?: number;
  bytes?: number;
  gflops?: number;
  gbps?: number;
  /** Share of the floor: the time that flops or bytes would take at the peak measured beside it, over the time taken. */
  floorShare?: number;
  /** This contender's time over Kiln's, sample by sample. */
  overKiln?: number;
  calls?: GpuCalls;
  /** Losses of the first steps. */
  values?: number[];
  /** Why there is no number, or not to be trusted. */
  error?: string;
  note?: string;
}

export interface Row extends Measurement {
  format: typeof rowFormat;
  environment: Environment;
}

/** Fills in what follows from a time. */
export function timed(identity: Pick<Measurement, "suite" | "name" | "shape" | "contender">, summary: Summary, work: { flops?: number; bytes?: number } = {}): Measurement {
  const { median, q1, q3, min, samples } = summary;
  const perSecond = 1e-6 / median;
  return {
    ...identity,
    unit: "ms",
    ...{ median, q1, q3, min },
    samples,
    ...(work.flops && { flops: work.flops, gflops: work.flops * perSecond }),
    ...(work.bytes && { bytes: work.bytes, gbps: work.bytes * perSecond }),
  };
}

export function toLine(row: Row): string {
  return JSON.stringify(row, (_, value: unknown) => (typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value));
}

export interface ParsedLines {
  rows: Row[];
  /** Lines of other kinds, as they stand. */
  others: string[];
}

/** Reads JSON lines. Lines that are not measurements of this format are passed on. */
export function parseLines(text: string): ParsedLines {
  const parsed: ParsedLines = { rows: [], others: [] };
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const row = rowOf(line);
    if (row) parsed.rows.push(row);
    else parsed.others.push(line);
  }
  return parsed;
}

function rowOf(line: string): Row | null {
  try {
    const value = JSON.parse(line) as Partial<Row> | null;
    const isRow = value?.format === rowFormat && typeof value.suite === "string" && typeof value.environment?.adapter === "string";
    return isRow ? (value as Row) : null;
  } catch {
    return null;
  }
}

/** Which rows measure the same thing. */
export function keyOf({ suite, name, shape, contender }: Pick<Measurement, "suite" | "name" | "shape" | "contender">): string {
  return [suite, name, shape, contender].join(" | ");
}
