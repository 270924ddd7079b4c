import { expect } from "vitest";
import type { Device } from "../../src/gpu/device.js";
import { testDevice } from "./device.js";

/** Runs a test body and fails when it leaves GPU memory behind. */
export async function withoutLeak(body: (device: Device) => Promise<void> | void): Promise<void> {
  const device = await testDevice();
  const { liveBytes, liveBuffers } = device.memory();
  await body(device);
  expect(device.memory().liveBytes, "bytes left behind").toBe(liveBytes);
  expect(device.memory().liveBuffers, "buffers left behind").toBe(liveBuffers);
}
