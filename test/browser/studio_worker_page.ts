// The page's side of the worker's tests: calls it as the studio's page does, and keeps what it tells.
import { proxy, wrap } from "comlink";
import "../../src/studio/theme.css";
import { presets } from "../../src/recipe/presets.js";
import type { TrainSettings } from "../../src/recipe/settings.js";
import type { RunId, RunRecord, StepRow, StudioEvent, StudioWorker } from "../../src/studio/protocol.js";

const worker = wrap<StudioWorker>(new Worker("worker.js", { type: "module" }));
const records = new Map<RunId, RunRecord>();
const rows = new Map<RunId, StepRow[]>();
const notices: string[] = [];
let messages = 0;

function receive(event: StudioEvent): void {
  messages++;
  if (event.kind === "record") records.set(event.record.id, event.record);
  if (event.kind === "rows") rows.set(event.run, [...(rows.get(event.run) ?? []), ...event.steps]);
  if (event.kind === "rewound") rows.set(event.run, (rows.get(event.run) ?? []).filter(({ step }) => step <= event.step));
  if (event.kind === "notice") notices.push(event.text);
}

const tests = {
  open: () => worker.open(proxy(receive)),
  start: (settings: Partial<TrainSettings>, text: string | null = null) => worker.start({ name: "run", settings: { ...presets.small, ...settings }, text, clonedFrom: null }),
  pause: () => worker.pause(),
  resume: (run: RunId) => worker.resume(run),
  stop: () => worker.stop(),
  change: (change: Parameters<StudioWorker["change"]>[0]) => worker.change(change),
  hold(duration_ms: number): void {
    const end = performance.now() + duration_ms;
    while (performance.now() < end);
  },
  estimate: (settings: Partial<TrainSettings>, text: string) => worker.estimate({ ...presets.small, ...settings }, text),
  /** Losses and rates in order, and what the run is now. */
  progress: (run: RunId) => ({ record: records.get(run) ?? null, rows: (rows.get(run) ?? []).map(({ step, loss, lr }) => ({ step, loss, lr })), notices, messages }),
};

export type WorkerTests = typeof tests;
Object.assign(globalThis, { workerTests: tests });
