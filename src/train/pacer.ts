import type { Device } from "../gpu/device.js";

/** Share of the expected time that is slept through before the result is asked for. */
const slept = 0.85;
const smoothing = 0.2;

/**
 * Measures how long a unit of GPU work takes and, in Node on a software adapter, sleeps through most of it before the
 * result is mapped: Dawn's Node binding polls without pause while a map is pending, and takes a core from the adapter.
 */
export class Pacer {
  /** Smoothed duration of a unit of work; 0 until two have run: the first one compiles kernels. */
  unit_ms = 0;
  private finished = 0;
  private lastDone_ms = 0;
  /** When the work submitted so far should be done. */
  private expected_ms = 0;

  constructor(private readonly device: Device) {}

  /** Paces this device's reads until the returned function is called. */
  attach(): () => void {
    const { readback, adapter } = this.device;
    const before = readback.beforeMap;
    if (adapter.software && inNode()) readback.beforeMap = () => sleep(this.expected_ms - (1 - slept) * this.unit_ms - performance.now());
    return () => {
      readback.beforeMap = before;
    };
  }

  /** Call once a unit's launches are queued, before its reads. The returned function is for when its result is there. */
  submitted(): () => void {
    const submitted_ms = performance.now();
    this.expected_ms = Math.max(submitted_ms, this.expected_ms) + this.unit_ms;
    return () => {
      const now = performance.now();
      const took_ms = now - Math.max(submitted_ms, this.lastDone_ms);
      this.lastDone_ms = now;
      if (++this.finished === 2) this.unit_ms = took_ms;
      else if (this.finished > 2) this.unit_ms += smoothing * (took_ms - this.unit_ms);
    };
  }
}

function inNode(): boolean {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  return process?.versions?.node !== undefined;
}

function sleep(duration_ms: number): Promise<void> {
  return duration_ms < 1 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, duration_ms));
}
