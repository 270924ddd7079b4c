// What the storage tests run in a page: the store as the studio has it, in a worker. One script is both.
import { expose, wrap } from "comlink";
import { entryOf } from "../../src/io/elements.js";
import { decodeSafetensors, encodeSafetensors } from "../../src/io/safetensors.js";
import { presets } from "../../src/recipe/presets.js";
import type { RunMetrics, RunRecord, StudioEvent } from "../../src/studio/protocol.js";
import type { Files } from "../../src/studio/storage/files.js";
import { IndexedFiles } from "../../src/studio/storage/indexed_files.js";
import { openStore, repairRecords, Tabs } from "../../src/studio/storage/index.js";
import { OpfsFiles } from "../../src/studio/storage/opfs_files.js";
import { RunStore } from "../../src/studio/storage/run_store.js";

type Kind = "opfs" | "indexeddb";

let files: Files;
let store: RunStore;
let tabs: Tabs;
const heard: StudioEvent[] = [];
const releases = new Map<string, () => void>();

function recordOf(id: string, changes: Partial<RunRecord> = {}): RunRecord {
  return {
    id, name: `run ${id}`, created: 1, settings: { ...presets.small }, text: null, status: "new", message: null, step: 0, parameters: 10, adapter: null, loss: null,
    bestValidationLoss: null, exactMatch: null, trainedSeconds: 0, savedStep: null, changes: [], clonedFrom: null, ...changes,
  };
}

/** A whole checkpoint, every element of which says its step. */
function checkpointOf(step: number, elements: number): Uint8Array<ArrayBuffer> {
  const tensor = entryOf([elements], { dtype: "f32", data: new Float32Array(elements).fill(step) });
  return encodeSafetensors({ tensors: new Map([["model.x", tensor]]), metadata: new Map([["format", "kiln"], ["format_version", "1"], ["state", JSON.stringify({ step })]]) });
}

/** The step that every element says; throws where they differ. */
function stepThroughout(bytes: Uint8Array): number {
  const entry = decodeSafetensors(bytes).tensors.get("model.x")!;
  const values = new Float32Array(entry.data.slice().buffer);
  if (values.some((value) => value !== values[0])) throw new Error("a mix of two checkpoints");
  return values[0]!;
}

function rowsOf(from: number, to: number): RunMetrics {
  const steps = Array.from({ length: to - from + 1 }, (_, i) => from + i);
  return {
    steps: steps.map((step) => ({ step, loss: 1 / step, lr: 1e-3, gradNorm: step % 7 === 0 ? NaN : 0.1, clipped: false, skipped: step % 7 === 0, lossScale: 1, tokensPerSecond: 5, seconds: step / 3 })),
    validations: steps.filter((step) => step % 10 === 0).map((step) => ({ step, validationLoss: 2, trainLoss: null, bestValidationLoss: 2, seconds: 1, exactMatch: null })),
    sharpness: steps.filter((step) => step % 50 === 0).map((step) => ({ step, sharpness: 3, threshold: Infinity })),
  };
}

const failure = (error: unknown) => `${(error as Error).name}: ${(error as Error).message}`;

const tests = {
  async open(kind: Kind): Promise<void> {
    files = kind === "opfs" ? await OpfsFiles.open() : await IndexedFiles.open();
    store = new RunStore(files);
    tabs = new Tabs((event) => heard.push(event));
  },
  /** As the studio opens it, in a browser without what is named. */
  async openAny(missing: string[]) {
    if (missing.includes("createWritable")) Object.defineProperty(FileSystemFileHandle.prototype, "createWritable", { value: undefined });
    if (missing.includes("indexedDB")) Object.defineProperty(globalThis, "indexedDB", { value: undefined });
    const opened = await openStore();
    store = opened.store as RunStore;
    return { kind: opened.store.kind, notice: opened.notice };
  },
  create: (id: string, changes: Partial<RunRecord>, text: string | null) => store.create(recordOf(id, changes), text),
  writeRecord: (id: string, changes: Partial<RunRecord>) => store.writeRecord(recordOf(id, changes)),
  list: () => store.list(),
  repaired: async () => repairRecords(store, (await store.list()).records, await tabs.held()),
  append: (id: string, from: number, to: number) => store.appendMetrics(id, rowsOf(from, to)),
  rewind: (id: string, step: number) => store.rewind(id, step),
  async rows(id: string, to: number) {
    const { damaged, ...metrics } = await store.readMetrics(id);
    const isExact = JSON.stringify(metrics, (_key, value: unknown) => (typeof value === "number" ? String(value) : value)) === JSON.stringify(rowsOf(1, to), (_key, value: unknown) => (typeof value === "number" ? String(value) : value));
    return { steps: metrics.steps.map(({ step }) => step), isExact, damaged };
  },
  /** What was written at a step says which. */
  writeSample: (id: string, step: number, said = step) => store.writeSample(id, { step, tokens: [{ text: `at ${said}`, given: false, probability: 0.5, alternatives: [{ text: "…", probability: 0.25 }] }] }),
  async samples(id: string) {
    const { samples, damaged } = await store.readSamples(id);
    return { said: samples.map(({ step, tokens }) => [step, tokens[0]!.text]), first: samples[0]?.tokens ?? [], damaged };
  },
  save: (id: string, step: number, elements: number) => store.writeCheckpoint(id, checkpointOf(step, elements)).then(() => null, failure),
  async saved(id: string) {
    try {
      const found = await store.readCheckpoint(id);
      return found && { step: found.step, says: stepThroughout(found.bytes), damaged: found.damaged.map(({ name }) => name) };
    } catch (error) {
      return failure(error);
    }
  },
  /** Saves one checkpoint after the other until the page is gone. */
  async saveForEver(id: string, from: number, elements: number): Promise<void> {
    for (let step = from; ; step++) await store.writeCheckpoint(id, checkpointOf(step, elements));
  },
  async saveOften(id: string, count: number, first: number) {
    const failures: string[] = [];
    for (let i = 0; i < count; i++) {
      await store.writeCheckpoint(id, checkpointOf(first + i, 4096)).catch((error: unknown) => failures.push(failure(error)));
      await store.writeRecord(recordOf(id, { step: first + i, savedStep: first + i })).catch((error: unknown) => failures.push(failure(error)));
    }
    return failures;
  },
  text: (fingerprint: string) => store.readText(fingerprint).catch(failure),
  remove: (id: string) => store.remove(id),
  use: () => store.use(),
  paths: async () => [...(await files.list("runs")), ...(await files.list("texts"))].sort(),
  /** As a fault of the disk, or another program, would leave it. */
  spoil: async (path: string, text: string) => files.write(path, new TextEncoder().encode(text)),
  async cut(path: string, share: number) {
    const bytes = (await files.read(path))!;
    await files.write(path, bytes.slice(0, Math.floor(bytes.length * share)));
  },
  async take(id: string): Promise<boolean> {
    const release = await tabs.take(id);
    if (release) releases.set(id, release);
    return release !== null;
  },
  release: async (id: string) => releases.get(id)!(),
  held: async () => [...(await tabs.held())].sort(),
  tell: async (event: StudioEvent) => tabs.tell(event),
  heard: async () => heard,
};

export type StorageTests = typeof tests;

if (typeof document === "undefined") expose(tests);
else Object.assign(globalThis, { storage: wrap(new Worker("/script.js", { type: "module" })) });
