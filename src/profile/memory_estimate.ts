// Will it fit: what a program would ask of an adapter, before anything is allocated.
import { DryDevice } from "../gpu/dry_device.js";
import type { Device } from "../gpu/device.js";
import { scope } from "../tensor/scope.js";

export interface EstimatedBuffers {
  /** What the buffers are for, as first used: "tensor", "optimizer gradients" and so on. */
  label: string;
  bytes: number;
}

export interface MemoryEstimate {
  /** All buffers together: those in use at the peak, and those kept for reuse. */
  bytes: number;
  /** The sums by purpose, the largest first. */
  parts: EstimatedBuffers[];
  /** The largest single buffer, with its shape where it is a tensor. */
  largest: EstimatedBuffers;
  /** The limit of the adapter that the largest buffer breaks; null where it breaks none. WebGPU tells no limit for the sum. */
  breaks: { limit: "maxStorageBufferBindingSize" | "maxBufferSize"; bytes: number } | null;
}

/**
 * What `program` would allocate on `device`, found by running it on a device that only counts: the same checks, the same
 * kernels, the same reuse of memory, captured steps included, but no GPU memory and no work.
 *
 * Range:  `program` gets the device to use. It builds what it needs and runs a step, and reads nothing back. Parameters of nn
 *         modules are not drawn, so that it is fast for any size; host arrays that it makes itself are real.
 * Throws: what `program` throws, such as OutOfMemoryError for a parameter over the binding limit.
 * Source: the device's own account: `device.memory()` after the same program on the real device has the same numbers.
 */
export function estimateMemory(device: Device, program: (dry: Device) => unknown): MemoryEstimate {
  const dry = new DryDevice(device);
  try {
    scope(() => void program(dry));
    const { liveBytes, pooledBytes } = dry.memory();
    // What is the device's own (Params, constants) lies beside the account, and is small.
    const largest = dry.allocations.reduce((most, next) => (next.bytes > most.bytes ? next : most), { label: "nothing", bytes: 0 });
    return { bytes: liveBytes + pooledBytes, parts: partsOf(dry), largest, breaks: brokenLimit(device, largest.bytes) };
  } finally {
    dry.close();
  }
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
