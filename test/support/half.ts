// Tests that need half precision on the GPU. SwiftShader has none: there they are skipped, with the reason printed once.
import { it } from "vitest";
import type { Device } from "../../src/gpu/device.js";
import { testDevice } from "./device.js";

let told = false;

export function hasHalf(device: Device): boolean {
  return device.features.has("shader-f16");
}

/** A test that runs where the adapter has the feature "shader-f16". */
export function itInHalf(name: string, body: (device: Device) => Promise<void> | void): void {
  it(name, async (context) => {
    const device = await testDevice();
    if (hasHalf(device)) return body(device);
    if (!told) console.log(`f16 tests skipped: ${device.adapter.name} lacks the feature "shader-f16"`);
    told = true;
    context.skip(`${device.adapter.name} lacks the feature "shader-f16"`);
  });
}
