// What the adapter gives at best, measured: memory by a copy, arithmetic by chains of multiply-adds.
import type { Device } from "../gpu/device.js";
import { copyForms, prepareArithmetic, prepareCopy, type PeakLaunch } from "../kernels/peaks.js";
import { timeDispatches } from "./time.js";

/** Measured peaks: the roofline. */
export interface Peaks {
  bytesPerSecond: number;
  flopsPerSecond: number;
}

const copyBytes = 32 * 2 ** 20;
const repetitions = 5;

const known = new WeakMap<Device, Promise<Peaks>>();

/** The peaks of a device: measured at the first call, in well under a second. */
export function peaksOf(device: Device): Promise<Peaks> {
  let peaks = known.get(device);
  if (!peaks) known.set(device, (peaks = measure(device)));
  return peaks;
}

async function measure(device: Device): Promise<Peaks> {
  const copies: number[] = [];
  for (const form of copyForms) copies.push(await rate(device, prepareCopy(device, form, copyBytes), "bytes"));
  return { bytesPerSecond: Math.max(...copies), flopsPerSecond: await rate(device, prepareArithmetic(device), "flops") };
}

/** Bytes or flops a second of the fastest launch. */
async function rate(device: Device, peak: PeakLaunch, what: "bytes" | "flops"): Promise<number> {
  const run = () => peak.launch.launch();
  await timeDispatches(device, run);
  const times: number[] = [];
  for (let i = 0; i < repetitions; i++) {
    const [timed] = await timeDispatches(device, run);
    times.push(timed!.end_ns - timed!.begin_ns);
  }
  peak.dispose();
  return peak[what] / (Math.max(1, Math.min(...times)) * 1e-9);
}
