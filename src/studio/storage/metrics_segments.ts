// A run's rows as lines in files of bounded size: adding rows rewrites only the last file, never the whole history.
import type { RunId, RunMetrics } from "../protocol.js";
import type { Files } from "./files.js";
import type { Damage } from "./store.js";

export interface StoredMetrics extends RunMetrics {
  damaged: Damage[];
}

type Kind = keyof RunMetrics;
type Row = RunMetrics[Kind][number];

/** Characters after which a new file begins: some hundreds of rows. */
const segmentLength = 65_536;
/** Fields that charts take for numbers. */
const numbers: Record<Kind, readonly string[]> = {
  steps: ["loss", "lr", "gradNorm", "lossScale", "tokensPerSecond", "seconds"],
  validations: ["validationLoss", "bestValidationLoss", "seconds"],
  sharpness: ["sharpness", "threshold"],
};

interface Segment {
  number: number;
  text: string;
}

/** The rows of one run. Only whoever holds the run writes. */
export class MetricsSegments {
  /** The file that the next rows go to; null until it is known. */
  private tail: Segment | null = null;
  private readonly folder: string;

  constructor(
    private readonly files: Files,
    run: RunId,
  ) {
    this.folder = `runs/${run}/metrics`;
  }

  async append(rows: RunMetrics): Promise<void> {
    const lines = linesOf(rows);
    if (lines === "") return;
    this.tail ??= await this.lastSegment();
    const { number, text } = this.tail;
    const next = text.length < segmentLength ? { number, text: text + lines } : { number: number + 1, text: lines };
    await this.write(next);
    this.tail = next;
  }

  async read(): Promise<StoredMetrics> {
    const metrics: StoredMetrics = { steps: [], validations: [], sharpness: [], damaged: [] };
    for (const path of await this.paths()) {
      let bad = 0;
      for (const line of lines(await this.text(path))) {
        const row = parseLine(line);
        if (row) (metrics[row.kind] as Row[]).push(row.row);
        else bad++;
      }
      if (bad > 0) metrics.damaged.push({ name: path, reason: `${bad} ${bad === 1 ? "row" : "rows"} cannot be read and ${bad === 1 ? "is" : "are"} left out` });
    }
    return metrics;
  }

  /** From the last file back, so that a crash in between leaves rows that the next call removes. Rows that cannot be read go too. */
  async rewind(step: number): Promise<void> {
    this.tail = null;
    for (const path of (await this.paths()).reverse()) {
      const all = lines(await this.text(path));
      const kept = all.filter((line) => (parseLine(line)?.row.step ?? Infinity) <= step);
      if (kept.length === all.length) return;
      if (kept.length === 0) await this.files.remove(path);
      else await this.write({ number: numberOf(path), text: kept.map((line) => `${line}\n`).join("") });
    }
  }

  private async lastSegment(): Promise<Segment> {
    const last = (await this.paths()).at(-1);
    return last === undefined ? { number: 1, text: "" } : { number: numberOf(last), text: await this.text(last) };
  }

  private async paths(): Promise<string[]> {
    return (await this.files.list(this.folder)).filter((path) => numberOf(path) > 0).sort((a, b) => numberOf(a) - numberOf(b));
  }

  private async text(path: string): Promise<string> {
    return new TextDecoder().decode((await this.files.read(path)) ?? new Uint8Array());
  }

  private write({ number, text }: Segment): Promise<void> {
    return this.files.write(`${this.folder}/${String(number).padStart(6, "0")}.jsonl`, new TextEncoder().encode(text));
  }
}

function numberOf(path: string): number {
  return Number(/\/(\d+)\.jsonl$/.exec(path)?.[1] ?? 0);
}

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

function linesOf(rows: RunMetrics): string {
  const entries = (Object.keys(numbers) as Kind[]).flatMap((kind) => (rows[kind] as Row[]).map((row) => [kind, row] as const));
  // By step, so that a rewind can stop at the first file that has nothing to remove.
  entries.sort(([, a], [, b]) => a.step - b.step);
  return entries.map((entry) => `${JSON.stringify(entry, nonFiniteAsText)}\n`).join("");
}

/** JSON has no NaN and no infinities; no row holds text otherwise. */
function nonFiniteAsText(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

function parseLine(line: string): { kind: Kind; row: Row } | null {
  try {
    const [kind, stored] = JSON.parse(line) as [Kind, Record<string, unknown>];
    if (!Object.hasOwn(numbers, kind)) return null;
    const row: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(stored)) row[name] = typeof value === "string" ? Number(value) : value;
    const isWhole = Number.isSafeInteger(row.step) && numbers[kind].every((name) => typeof row[name] === "number");
    return isWhole ? { kind, row: row as unknown as Row } : null;
  } catch {
    return null;
  }
}
