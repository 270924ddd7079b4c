// The store over files:
//
//   runs/<id>/record.json                    the record, with the version of its format
//   runs/<id>/metrics/<n>.jsonl              rows, in files of bounded size
//   runs/<id>/samples/<step>.json            what the model wrote at a step
//   runs/<id>/checkpoint/<n>.safetensors     the newest and the one before
//   texts/<fingerprint>.txt                  texts of the user's
import { StorageError } from "../../errors.js";
import { decodeCheckpoint } from "../../train/index.js";
import type { RunId, RunMetrics, RunRecord, TrainingSample } from "../protocol.js";
import { exclusively } from "./exclusively.js";
import type { Files } from "./files.js";
import { MetricsSegments, type StoredMetrics } from "./metrics_segments.js";
import { decodeRecord, encodeRecord } from "./record_file.js";
import { readSamples, rewindSamples, writeSample, type StoredSamples } from "./sample_files.js";
import type { Damage, StorageUse, Store, StoredCheckpoint, StoredRuns } from "./store.js";

const recordOf = (run: RunId) => `runs/${run}/record.json`;
const textOf = (fingerprint: string) => `texts/${fingerprint}.txt`;
/** A text that no record names yet must not be cleared by another tab that removes a run. */
const textsLock = "kiln-studio texts";
const generationsKept = 2;

export class RunStore implements Store {
  private readonly metrics = new Map<RunId, MetricsSegments>();
  /** The last call on each run, which the next one waits for. */
  private readonly last = new Map<RunId, Promise<unknown>>();

  constructor(private readonly files: Files) {}

  get kind(): Store["kind"] {
    return this.files.kind;
  }

  async list(): Promise<StoredRuns> {
    const paths = await this.files.list("runs");
    const ids = new Set(paths.map((path) => path.split("/")[1]!));
    const found: StoredRuns = { records: [], damaged: [] };
    for (const id of ids) {
      // A run's record is the first file written and the first removed.
      if (!paths.includes(recordOf(id))) await this.files.removeFolder(`runs/${id}`);
      else await this.readRecord(id, found);
    }
    found.records.sort((a, b) => a.created - b.created);
    return found;
  }

  create(record: RunRecord, text: string | null): Promise<RunRecord> {
    return exclusively(textsLock, async () => {
      const kept = { ...record, text: text === null ? null : await this.keepText(text) };
      await this.writeRecord(kept);
      return kept;
    });
  }

  writeRecord(record: RunRecord): Promise<void> {
    return this.inOrder(record.id, () => this.files.write(recordOf(record.id), encodeRecord(record)));
  }

  appendMetrics(run: RunId, rows: RunMetrics): Promise<void> {
    return this.inOrder(run, () => this.segments(run).append(rows));
  }

  readMetrics(run: RunId): Promise<StoredMetrics> {
    return this.inOrder(run, () => this.segments(run).read());
  }

  writeSample(run: RunId, sample: TrainingSample): Promise<void> {
    return this.inOrder(run, () => writeSample(this.files, run, sample));
  }

  readSamples(run: RunId): Promise<StoredSamples> {
    return this.inOrder(run, () => readSamples(this.files, run));
  }

  rewind(run: RunId, step: number): Promise<void> {
    return this.inOrder(run, async () => {
      await this.segments(run).rewind(step);
      await rewindSamples(this.files, run, step);
    });
  }

  writeCheckpoint(run: RunId, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    return this.inOrder(run, async () => {
      const before = await this.checkpoints(run);
      const next = before.length === 0 ? 1 : numberOf(before[0]!) + 1;
      await this.files.write(`runs/${run}/checkpoint/${String(next).padStart(9, "0")}.safetensors`, bytes);
      // What was to be saved is saved: an old one that another tab is reading now goes with the next.
      for (const path of before.slice(generationsKept - 1)) await this.files.remove(path).catch(() => {});
    });
  }

  readCheckpoint(run: RunId): Promise<StoredCheckpoint | null> {
    return this.inOrder(run, async () => {
      const damaged: Damage[] = [];
      for (const path of await this.checkpoints(run)) {
        const bytes = await this.files.read(path);
        if (bytes === null) continue;
        try {
          return { bytes, step: decodeCheckpoint(bytes).state.step, damaged };
        } catch (error) {
          damaged.push({ name: path, reason: (error as Error).message });
        }
      }
      if (damaged.length === 0) return null;
      throw new StorageError(`storage: no checkpoint of the run can be read, got ${damaged.map(({ name, reason }) => `${name}: ${reason}`).join("; ")}; import a copy, or start the run again`);
    });
  }

  async readText(fingerprint: string): Promise<string> {
    const bytes = await this.files.read(textOf(fingerprint));
    if (bytes === null || (await sha256(bytes)) !== fingerprint) {
      const what = bytes === null ? "is gone" : "is not what it was";
      throw new StorageError(`storage: the text of the run ${what}, got fingerprint ${fingerprint.slice(0, 12)}; open the text again and start a new run`);
    }
    return new TextDecoder().decode(bytes);
  }

  async remove(run: RunId): Promise<void> {
    await this.inOrder(run, () => exclusively(textsLock, () => this.removeFiles(run)));
    this.metrics.delete(run);
    this.last.delete(run);
  }

  async use(): Promise<StorageUse> {
    const storage = (globalThis.navigator as Navigator | undefined)?.storage;
    const { usage, quota } = (await storage?.estimate?.()) ?? {};
    return { kind: this.kind, used: usage ?? null, quota: quota ?? null, persistent: this.kind !== "memory" && (await storage?.persisted?.()) === true };
  }

  private async readRecord(id: RunId, found: StoredRuns): Promise<void> {
    try {
      const bytes = await this.files.read(recordOf(id));
      // Being written or removed by another tab at this moment, or never finished.
      if (bytes !== null) found.records.push(decodeRecord(bytes, id));
    } catch (error) {
      found.damaged.push({ name: recordOf(id), reason: (error as Error).message });
    }
  }

  private async keepText(text: string): Promise<string> {
    const bytes = new TextEncoder().encode(text);
    const fingerprint = await sha256(bytes);
    await this.files.write(textOf(fingerprint), bytes);
    return fingerprint;
  }

  private async removeFiles(run: RunId): Promise<void> {
    const { records, damaged } = await this.list();
    const text = records.find(({ id }) => id === run)?.text ?? null;
    await this.files.remove(recordOf(run));
    await this.files.removeFolder(`runs/${run}`);
    // A record that cannot be read may name the text too.
    const isUsed = damaged.length > 0 || records.some((record) => record.id !== run && record.text === text);
    if (text !== null && !isUsed) await this.files.remove(textOf(text));
  }

  /** Newest first. */
  private async checkpoints(run: RunId): Promise<string[]> {
    const paths = await this.files.list(`runs/${run}/checkpoint`);
    return paths.filter((path) => numberOf(path) > 0).sort((a, b) => numberOf(b) - numberOf(a));
  }

  private segments(run: RunId): MetricsSegments {
    const segments = this.metrics.get(run) ?? new MetricsSegments(this.files, run);
    this.metrics.set(run, segments);
    return segments;
  }

  private inOrder<T>(run: RunId, work: () => Promise<T>): Promise<T> {
    const result = (this.last.get(run) ?? Promise.resolve()).then(work);
    this.last.set(run, result.catch(() => {}));
    return result;
  }
}

function numberOf(path: string): number {
  return Number(/\/(\d+)\.safetensors$/.exec(path)?.[1] ?? 0);
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
