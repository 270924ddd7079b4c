// What the adapter can do at best, as contenders.
import type { Device } from "../gpu/device.js";
import { prepareArithmetic, prepareCopy, type CopyForm, type PeakLaunch } from "../kernels/peaks.js";
import type { Contender } from "./engine.js";

/** Bytes of each of the two arrays that the measurement of memory copies between. */
export const copyBytes = 32 * 2 ** 20;

/** A kernel that needs nothing but its own memory. */
export class PeakContender implements Contender {
  constructor(
    private readonly device: Device,
    private readonly peak: PeakLaunch,
  ) {}

  get bytes(): number {
    return this.peak.bytes;
  }

  get flops(): number {
    return this.peak.flops;
  }

  run(): void {
    this.peak.launch.launch();
    this.device.queue.flush();
  }

  finished(): Promise<void> {
    return this.device.sync();
  }

  outputs(): Promise<Float32Array[]> {
    return Promise.resolve([]);
  }

  dispose(): void {
    this.peak.dispose();
  }
}

export function copyContender(device: Device, form: CopyForm, bytes = copyBytes): PeakContender {
  return new PeakContender(device, prepareCopy(device, form, bytes));
}

export function arithmeticContender(device: Device): PeakContender {
  return new PeakContender(device, prepareArithmetic(device));
}
