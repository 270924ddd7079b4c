// Whether a run fits, before it allocates anything.
import { totalmem } from "node:os";
import { OutOfMemoryError } from "../errors.js";
import type { Device } from "../gpu/device.js";
import { estimateMemory, type MemoryEstimate } from "../profile/index.js";
import { Steps } from "../train/steps.js";
import { megabytes } from "./format.js";
import { partsOf } from "./parts_of.js";
import type { TrainPlan } from "./train_plan.js";

/**
 * What the run will allocate, in words.
 *
 * Throws: OutOfMemoryError that names the limit it breaks and what to lower.
 */
export function checkMemory(device: Device, plan: TrainPlan): string {
  const estimate = estimateMemory(device, (dry) => runOnce(dry, plan));
  const { breaks, largest, bytes } = estimate;
  const wayOut = "lower --batch, --block or --width, or use --activation-checkpointing; --accumulate makes up for a smaller batch";
  if (breaks) {
    throw new OutOfMemoryError(
      `kiln train: ${largest.label} needs ${largest.bytes} bytes, over the adapter's ${breaks.limit} of ${breaks.bytes}; ${wayOut}`,
    );
  }
  const available = Math.min(totalmem(), process.constrainedMemory() || Infinity);
  if (device.adapter.software && bytes > available) {
    throw new OutOfMemoryError(`kiln train: the run needs ${megabytes(bytes)} of memory, and ${available < totalmem() ? "this process may use" : "this machine has"} ${megabytes(available)}; ${wayOut}`);
  }
  return `memory    ${megabytes(bytes)} on the adapter: ${describeParts(estimate)}; the largest buffer ${megabytes(largest.bytes)}`;
}

/** A step and a validation, as `train` records them. */
function runOnce(dry: Device, plan: TrainPlan): void {
  const { settings } = plan;
  const { model, optimizer } = partsOf(dry, { ...plan, checkpoint: null });
  const steps = new Steps(dry, model, optimizer, true, settings.precision);
  const tokens = new Int32Array(settings.batch * settings.block);
  const batch = { tokens, targets: tokens, shape: [settings.batch, settings.block] as [number, number] };
  steps.train(Array.from({ length: settings.accumulate }, () => batch));
  if (settings.evalEvery > 0) steps.validate(batch);
}

function describeParts({ parts, bytes }: MemoryEstimate): string {
  const sumOf = (isPart: (label: string) => boolean) => parts.filter(({ label }) => isPart(label)).reduce((sum, part) => sum + part.bytes, 0);
  const parameters = sumOf((label) => label === "optimizer parameters");
  const gradients = sumOf((label) => label === "optimizer gradients");
  const state = sumOf((label) => label.startsWith("optimizer ")) - parameters - gradients;
  return `parameters ${megabytes(parameters)}, gradients ${megabytes(gradients)}, optimizer ${megabytes(state)}, activations and scratch ${megabytes(bytes - parameters - gradients - state)}`;
}
