// Will it fit: what a program would ask of an adapter, before anything is allocated.
import { UsageError } from "../errors.js";
import { DryDevice } from "../gpu/dry_device.js";
import { Device } from "../gpu/device.js";
import { scope } from "../tensor/scope.js";

/** What a program keeps for one purpose. */
export interface EstimatedBuffers {
  /** What the buffers are for, as first used: "tensor", "optimizer gradients" and so on. */
  label: string;
  bytes: number;
}

/** What `estimateMemory` found. */
export interface MemoryEstimate {
  /** All buffers together: those in use at the peak, and those kept for reuse. */
  bytes: number;
  /** The sums by purpose, the largest first. */
  parts: EstimatedBuffers[];
  /** The largest that is asked for at once, in a buffer that may be larger; with its shape where it is a tensor. */
  largest: EstimatedBuffers;
  /** The limit of the adapter that the largest breaks; null where it breaks none. WebGPU tells no limit for the sum. */
  breaks: { limit: "maxStorageBufferBindingSize" | "maxBufferSize"; bytes: number } | null;
}

/**
 * What `program` would allocate on `device`, found by running it on a device that only counts: the same checks, the same
 * kernels, the same reuse of memory, captured steps included, but no GPU memory and no work.
 *
 * Range:  `program` gets the device to use. It builds what it needs and runs a step, and reads nothing back. Parameters of nn
 *         modules are not drawn, so that it is fast for any size; host arrays that it makes itself are real. What the device
 *         has for itself (Params, constants) lies beside the account, and is small.
 * Throws: what `program` throws; UsageError if it is asynchronous, or uses nothing of the device that it gets.
 * Source: the device's own account: `device.memory()` after the same program on the real device has the same numbers.
 */
export function estimateMemory(device: Device, program: (dry: Device) => unknown): MemoryEstimate {
  if (!(device instanceof Device) || typeof program !== "function") {
    throw new UsageError(`estimateMemory: needs a device and a function, got ${typeof device} and ${typeof program}`);
  }
  const dry = new DryDevice(device);
  try {
    scope(() => checkDone(program(dry)));
    const { liveBytes, pooledBytes } = dry.memory();
    const largest = { ...dry.largest };
    if (largest.bytes === 0) throw new UsageError("estimateMemory: the function allocated nothing on the device that it was given; build model and data on that one");
    return { bytes: liveBytes + pooledBytes, parts: partsOf(dry), largest, breaks: brokenLimit(device, largest.bytes) };
  } finally {
    dry.close();
  }
}

/** What follows an await would run on a closed device, and count for nothing. */
function checkDone(result: unknown): void {
  if (!(result instanceof Promise)) return;
  // The caller gets this error instead.
  result.catch(() => {});
  throw new UsageError("estimateMemory: the function returned a promise, and what follows its first await would not be counted; build and launch a step without awaiting");
}

function partsOf({ allocations }: DryDevice): EstimatedBuffers[] {
  const sums = new Map<string, number>();
  for (const { label, bytes } of allocations) {
    const purpose = label.replace(/ \w+\[[\d, ]*\]$/, "");
    sums.set(purpose, (sums.get(purpose) ?? 0) + bytes);
  }
  return [...sums].map(([label, bytes]) => ({ label, bytes })).sort((a, b) => b.bytes - a.bytes);
}

function brokenLimit({ limits }: Device, bytes: number): MemoryEstimate["breaks"] {
  for (const limit of ["maxStorageBufferBindingSize", "maxBufferSize"] as const) {
    if (bytes > limits[limit]) return { limit, bytes: limits[limit] };
  }
  return null;
}
