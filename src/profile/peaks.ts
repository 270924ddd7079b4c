// What the adapter gives at best, measured: memory by a copy, arithmetic by chains of multiply-adds.
import type { Device } from "../gpu/device.js";
import { copyForms, prepareArithmetic, prepareCopy, type PeakLaunch } from "../kernels/peaks.js";
import { quantumOf } from "./quantum.js";
import { timeDispatches } from "./time.js";

/** Measured peaks: the roofline. */
export interface Peaks {
  bytesPerSecond: number;
  flopsPerSecond: number;
}

interface Measured {
  peaks: Peaks;
  /** The step of the clock that measured them. */
  quantum_ns: number;
}

const copyBytes = 32 * 2 ** 20;
const repetitions = 5;

const known = new WeakMap<Device, Promise<Measured>>();

/** The peaks of a device, and the step of its clock: measured at the first call, which takes some seconds on a software adapter. */
export function peaksOf(device: Device): Promise<Measured> {
  let measured = known.get(device);
  if (!measured) {
    known.set(device, (measured = measure(device)));
    measured.catch(() => known.delete(device));
  }
  return measured;
}

async function measure(device: Device): Promise<Measured> {
  const clock: bigint[] = [];
  const copies: number[] = [];
  for (const form of copyForms) copies.push(await rate(device, prepareCopy(device, form, copyBytes), "bytes", clock));
  const flopsPerSecond = await rate(device, prepareArithmetic(device), "flops", clock);
  return { peaks: { bytesPerSecond: Math.max(...copies), flopsPerSecond }, quantum_ns: quantumOf(clock) };
}

/** Bytes or flops a second of the fastest launch. */
async function rate(device: Device, peak: PeakLaunch, what: "bytes" | "flops", clock: bigint[]): Promise<number> {
  const run = () => peak.launch.launch();
  try {
    await timeDispatches(device, run);
    const times: number[] = [];
    for (let i = 0; i < repetitions; i++) {
      const [timed] = await timeDispatches(device, run);
      times.push(timed!.end_ns - timed!.begin_ns);
      clock.push(...timed!.clock);
    }
    return peak[what] / (Math.max(1, Math.min(...times)) * 1e-9);
  } finally {
    peak.dispose();
  }
}
