// What the studio keeps of its runs, whatever the browser keeps it in. Lives in the worker.
import type { RunId, RunMetrics, RunRecord, TrainingSample } from "../protocol.js";

/** "memory" where the browser keeps nothing: all is gone with the page. */
export type StorageKind = "opfs" | "indexeddb" | "memory";

/** Something stored that cannot be read. It was left where it is, and everything else works. */
export interface Damage {
  /** Which file, as in "runs/ab12/record.json". */
  name: string;
  /** What is wrong with it, in words for the user. */
  reason: string;
}

export interface StoredRuns {
  /** Oldest first. */
  records: RunRecord[];
  damaged: Damage[];
}

export interface StoredCheckpoint {
  bytes: Uint8Array<ArrayBuffer>;
  /** Steps taken when it was made. */
  step: number;
  /** Newer ones that could not be read: this is the one before. */
  damaged: Damage[];
}

export interface StorageUse {
  kind: StorageKind;
  /** Bytes, as the browser estimates them: all of this site's. Null where it does not say. */
  used: number | null;
  quota: number | null;
  /** Whether the browser has promised not to clear it when space runs short. */
  persistent: boolean;
}

/**
 * Every write is all or nothing: after a crash at any moment, what was there or what came. Calls on one run are carried out in
 * order. Writers throw StorageError, with what to do, when the browser refuses: storage is full, or was cleared meanwhile.
 */
export interface Store {
  readonly kind: StorageKind;
  /** Never throws for what is in a file: what cannot be read is named in `damaged`. */
  list(): Promise<StoredRuns>;
  /** Keeps a new run, and with it the text of the user's that it trains on; gives the record with the text's fingerprint in it. */
  create(record: RunRecord, text: string | null): Promise<RunRecord>;
  writeRecord(record: RunRecord): Promise<void>;
  /** Adds rows behind those that are there. Give it many at once, every second or so. */
  appendMetrics(run: RunId, rows: RunMetrics): Promise<void>;
  /** Rows that cannot be read are left out, and named. */
  readMetrics(run: RunId): Promise<RunMetrics & { damaged: Damage[] }>;
  /** Keeps what the model wrote at a step; of each run the newest few. */
  writeSample(run: RunId, sample: TrainingSample): Promise<void>;
  /** Newest first. Those that cannot be read are left out, and named. */
  readSamples(run: RunId): Promise<{ samples: TrainingSample[]; damaged: Damage[] }>;
  /** Forgets rows and samples after `step`: before a run goes on from a checkpoint, which makes them again. */
  rewind(run: RunId, step: number): Promise<void>;
  /** Of the whole state, as `encodeCheckpoint` gives it. The one before is kept until the next comes. */
  writeCheckpoint(run: RunId, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** The newest that is whole; null without any. Throws StorageError where there are some, and all are damaged. */
  readCheckpoint(run: RunId): Promise<StoredCheckpoint | null>;
  /** By the fingerprint in a record. Throws StorageError where it is gone or not what it was. */
  readText(fingerprint: string): Promise<string>;
  /** All of the run, and its text where no other run uses it. */
  remove(run: RunId): Promise<void>;
  use(): Promise<StorageUse>;
}
