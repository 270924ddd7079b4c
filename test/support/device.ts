// One device per test file. A file that cannot get one fails: GPU tests are never skipped.
import type { Device } from "../../src/gpu/device.js";
import { openDevice } from "../../src/node/open_device.js";

let opened: Promise<Device> | null = null;

export function testDevice(): Promise<Device> {
  opened ??= openDevice();
  return opened;
}

/** Fails the file when the GPU reported an error that no test awaited. */
export async function closeTestDevice(): Promise<void> {
  if (!opened) return;
  const device = await opened;
  opened = null;
  try {
    await device.sync();
  } finally {
    device.close();
  }
}
