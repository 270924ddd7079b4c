// The page's side of the worker: starts it, calls it through Comlink, and turns what it tells into state.
import { proxy, wrap } from "comlink";
import type { StudioEvent, StudioWorker } from "./protocol.js";
import { MetricsLog } from "./state/metrics_log.js";
import { notify } from "./state/notices.js";
import { comparedRuns, device, deviceMessage, runs, selectedRun, type Run } from "./state/runs.js";

/** By the page's address: a bundled chunk lies in a folder of its own. */
const thread = new Worker(new URL("worker.js", document.baseURI), { type: "module", name: "kiln" });
export const worker = wrap<StudioWorker>(thread);

/** Opens device and storage. Never rejects: without a device, `deviceMessage` says why. */
export async function connect(): Promise<void> {
  // There may be time for it: else the run goes on from its last checkpoint.
  addEventListener("pagehide", ({ persisted }) => void (persisted || worker.pause().catch(() => {})));
  thread.onerror = (event) => gone(event.message || "the worker could not be started");
  await worker.open(proxy(receive)).then(
    (opened) => {
      device.value = opened;
      // The stored runs have been told: the newest is what the user left.
      selectedRun.value ??= [...runs.value.values()].sort((a, b) => b.record.created - a.record.created)[0]?.record.id ?? null;
    },
    (error: unknown) => gone(error instanceof Error ? error.message : String(error)),
  );
}

function gone(message: string): void {
  deviceMessage.value = message;
  device.value = null;
}

function receive(event: StudioEvent): void {
  switch (event.kind) {
    case "record":
      return update(event.record.id, (run) => ({ metrics: new MetricsLog(), sample: null, ...run, record: event.record }));
    case "rows":
      return runs.value.get(event.run)?.metrics.append(event);
    case "rewound":
      return runs.value.get(event.run)?.metrics.rewind(event.step);
    case "sample":
      return change(event.run, { sample: { step: event.step, tokens: event.tokens } });
    case "removed":
      return remove(event.run);
    case "device":
      deviceMessage.value = event.message;
      device.value = event.device;
      return;
    case "notice":
      return notify(event.level, event.text);
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
}
