// Whether a run fits, before it allocates anything.
import { totalmem } from "node:os";
import { OutOfMemoryError } from "../errors.js";
import type { Device } from "../gpu/device.js";
import { memoryOf, type RunMemory } from "../recipe/memory_of.js";
import type { RunPlan } from "../recipe/run_plan.js";
import { megabytes } from "./format.js";

/**
 * What the run will allocate, in words.
 *
 * Throws: OutOfMemoryError that names the limit it breaks and what to lower.
 */
export function checkMemory(device: Device, plan: RunPlan): string {
  const estimate = memoryOf(device, plan);
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

function describeParts({ parameters, gradients, optimizer, activations }: RunMemory): string {
  return `parameters ${megabytes(parameters)}, gradients ${megabytes(gradients)}, optimizer ${megabytes(optimizer)}, activations and scratch ${megabytes(activations)}`;
}
