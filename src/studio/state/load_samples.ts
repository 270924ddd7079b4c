// What runs wrote before the page was opened: asked for once, when something wants to show it.
import { worker } from "../client.js";
import type { RunId } from "../protocol.js";
import { addStored } from "./samples.js";

const asked = new Map<RunId, Promise<void>>();

export function loadSamples(run: RunId): Promise<void> {
  let loading = asked.get(run);
  if (!loading) {
    loading = worker.samples(run).then((stored) => addStored(run, stored));
    asked.set(run, loading);
    loading.catch(() => asked.delete(run));
  }
  return loading;
}
