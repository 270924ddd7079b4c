// The page's side of the worker: starts it, and again where it ends by itself; calls it, and turns what it tells into state.
import { proxy, type Remote } from "comlink";
import type { RunRecord, StudioEvent, StudioWorker } from "./protocol.js";
import { MetricsLog } from "./state/metrics_log.js";
import { notify } from "./state/notices.js";
import { comparedRuns, device, deviceMessage, runs, selectedRun, training, type Run } from "./state/runs.js";
import { addSample, forgetSamples, rewindSamples } from "./state/samples.js";
import { until } from "./state/until.js";
import { ThreadEnded, WorkerThread } from "./worker_thread.js";

const script = new URL("worker.js", document.baseURI);
let thread = new WorkerThread(script);
/** Whichever thread there is. */
export const worker = new Proxy({} as Remote<StudioWorker>, {
  get: (_none, method) => (...args: unknown[]) => thread.call(method as keyof StudioWorker, args),
});

/** As for lost devices: what ends again and again will not last. */
const mostRestarts = 2;
const within_ms = 300_000;
let restarts: number[] = [];
/** Goes up with every thread: what waited for an earlier one is over. */
let generation = 0;
let isOpen = false;
/** What an earlier thread trained, until it goes on. */
let lost: RunRecord | null = null;

/** Opens device and storage. Never rejects: without a device, `deviceMessage` says why. */
export async function connect(): Promise<void> {
  // There may be time for it: else the run goes on from its last checkpoint.
  addEventListener("pagehide", ({ persisted }) => void (persisted || worker.pause().catch(() => {})));
  if (!(await open(async () => {}))) return;
  // The stored runs have been told: the newest is what the user left.
  selectedRun.value ??= [...runs.value.values()].sort((a, b) => b.record.created - a.record.created)[0]?.record.id ?? null;
}

/** `before` is done before the page takes the device for usable. Returns whether there is one. */
async function open(before: () => Promise<void>): Promise<boolean> {
  const own = generation;
  try {
    void thread.ended.then(restart);
    const opened = await worker.open(proxy(receive));
    await before();
    if (own !== generation) return false;
    isOpen = true;
    device.value = opened;
    return true;
  } catch (error) {
    // Where the thread has ended, another is on its way.
    if (!(error instanceof ThreadEnded)) gone(messageOf(error));
    return false;
  }
}

/** As after a reload, but that the run goes on by itself and the page keeps what it shows. */
async function restart(reason: string): Promise<void> {
  const now = performance.now();
  restarts = [...restarts.filter((at) => now - at < within_ms), now];
  generation++;
  isOpen = false;
  if (restarts.length > mostRestarts) return gone(`training in the background ended ${restarts.length} times within five minutes, the last time: ${reason}; reload the page`);
  const known = runs.value;
  lost = training.value?.record ?? lost;
  device.value = undefined;
  await thread.gone();
  thread = new WorkerThread(script);
  notify("warning", `Training in the background ended: ${reason}. It was started again${lost ? `, and "${lost.name}" goes on from its last checkpoint` : ""}.`);
  await open(async () => {
    for (const { record } of runs.value.values()) if (known.get(record.id)?.record === record) forsake(record);
    if (lost && runs.value.get(lost.id)?.record.status === "interrupted") await goOn(lost);
    lost = null;
  });
}

async function goOn({ id }: RunRecord): Promise<void> {
  try {
    await worker.resume(id);
    await until(() => runs.value.get(id)?.record.status !== "interrupted");
  } catch (error) {
    notify("error", messageOf(error));
  }
}

/** The new thread has not told it: it was nowhere but in the old one's memory. */
function forsake(record: RunRecord): void {
  change(record.id, { record: { ...record, status: record.status === "done" ? "done" : "failed", message: "this browser had not stored it: its weights are lost" } });
}

function gone(message: string): void {
  deviceMessage.value = message;
  device.value = null;
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

function receive(event: StudioEvent): void {
  switch (event.kind) {
    case "record":
      return update(event.record.id, (run) => ({ metrics: run?.metrics ?? new MetricsLog(), record: event.record, elsewhere: event.elsewhere }));
    case "rows":
      return runs.value.get(event.run)?.metrics.append(event);
    case "rewound":
      rewindSamples(event.run, event.step);
      return runs.value.get(event.run)?.metrics.rewind(event.step);
    case "sample":
      return addSample(event.run, event);
    case "removed":
      return remove(event.run);
    case "device":
      // Until then, whoever waits for a device would find runs that have not gone on.
      if (!isOpen) return;
      deviceMessage.value = event.message;
      device.value = event.device;
      return;
    case "notice":
      return notify(event.level, event.text, event.unsaved ?? null);
  }
}

function update(id: string, next: (run: Run | undefined) => Run): void {
  runs.value = new Map(runs.value).set(id, next(runs.value.get(id)));
}

function change(id: string, changed: Partial<Run>): void {
  const run = runs.value.get(id);
  if (run) update(id, () => ({ ...run, ...changed }));
}

function remove(id: string): void {
  runs.value = new Map([...runs.value].filter(([known]) => known !== id));
  comparedRuns.value = new Set([...comparedRuns.value].filter((known) => known !== id));
  if (selectedRun.value === id) selectedRun.value = null;
  forgetSamples(id);
}
