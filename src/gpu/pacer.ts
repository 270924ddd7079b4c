import type { Device } from "./device.js";

const smoothing = 0.2;
/** The first unit compiles kernels, and the next ones queue up behind it and end at once. */
const unmeasured = 3;
/** A result that is there this soon after waking (a share of the unit) was slept past: the unit may be too long. */
const overslept = 0.05;
const shorten = 0.95;
/** Results come in bursts, all but the first at once: speed is a mean over more than the longest burst, and over some time. */
const leastUnits = 8;
const mostUnits = 128;
const window_ms = 3000;

/**
 * Measures how long a unit of GPU work takes and, in Node on a software adapter, sleeps as long before the result is
 * mapped: Dawn's Node binding polls without pause while a map is pending, and takes a core from the adapter. Sleeping
 * a little too long costs nothing while another unit is in flight.
 */
export class Pacer {
  /** Smoothed duration of a unit of work; 0 until it is known. */
  unit_ms = 0;
  /** Durations of the last units. */
  private readonly recent: number[] = [];
  private readonly sleeps: boolean;
  private finished = 0;
  private inFlight = 0;
  private lastDone_ms = 0;
  private wake_ms = 0;

  constructor(private readonly device: Device) {
    this.sleeps = device.adapter.software && inNode();
  }

  /** Mean duration of the last units, without the time in which none was in flight; 0 until it is known. For telling, not for pacing. */
  get mean_ms(): number {
    return this.recent.length < 2 ? 0 : this.recent.reduce((sum, took_ms) => sum + took_ms, 0) / this.recent.length;
  }

  /** How many units take about so long, between two bounds. */
  unitsWithin(duration_ms: number, least: number, most: number): number {
    return this.unit_ms === 0 ? least : Math.min(most, Math.max(least, Math.ceil(duration_ms / this.unit_ms)));
  }

  /** Paces this device's reads until the returned function is called. */
  attach(): () => void {
    const { readback } = this.device;
    const before = readback.beforeMap;
    if (this.sleeps) readback.beforeMap = () => this.rest();
    return () => {
      readback.beforeMap = before;
    };
  }

  /** Call once a unit's launches are queued, before its reads. The returned function is for when its result is there. */
  submitted(): () => void {
    const submitted_ms = performance.now();
    this.inFlight++;
    // Units run one after the other: this one ends when those in flight, itself included, have had their time.
    const expected_ms = Math.max(submitted_ms + this.unit_ms, this.lastDone_ms + this.inFlight * this.unit_ms);
    // Never before the unit ahead of it, whose result comes first.
    const wake_ms = (this.wake_ms = Math.max(this.wake_ms, expected_ms));
    return () => {
      const now = performance.now();
      this.inFlight--;
      this.measure(now - Math.max(submitted_ms, this.lastDone_ms), now - wake_ms);
      this.lastDone_ms = now;
    };
  }

  /** Sleeps, where that helps, until about when the last unit submitted is done. */
  rest(): Promise<void> {
    return this.sleeps ? sleep(this.wake_ms - performance.now()) : Promise.resolve();
  }

  private remember(took_ms: number): void {
    const { recent } = this;
    recent.push(took_ms);
    let total_ms = recent.reduce((sum, one) => sum + one, 0);
    while (recent.length > mostUnits || (recent.length > leastUnits && total_ms - recent[0]! > window_ms)) total_ms -= recent.shift()!;
  }

  private measure(took_ms: number, waited_ms: number): void {
    if (++this.finished <= unmeasured) return;
    this.remember(took_ms);
    if (this.unit_ms === 0) this.unit_ms = took_ms;
    // Else sleeping for the expected time would confirm it for ever.
    else if (this.sleeps && waited_ms < overslept * this.unit_ms) this.unit_ms *= shorten;
    else this.unit_ms += smoothing * (took_ms - this.unit_ms);
  }
}

function inNode(): boolean {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  return process?.versions?.node !== undefined;
}

function sleep(duration_ms: number): Promise<void> {
  return duration_ms < 1 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, duration_ms));
}
