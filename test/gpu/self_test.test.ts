// The self-test of kiln doctor on each adapter: it passes where all is well, and each part fails for what it is there to find.
import { describe, expect, it } from "vitest";
import { selfTest } from "../../src/cli/doctor/self_test.js";
import type { Device } from "../../src/gpu/device.js";
import { openDevice } from "../../src/node/open_device.js";
import { zeros } from "../../src/ops/index.js";

async function failuresOn(spoil: (device: Device) => void): Promise<Record<string, string>> {
  const device = await openDevice();
  try {
    spoil(device);
    const checks = await selfTest(device);
    return Object.fromEntries(checks.filter(({ ok }) => !ok).map(({ name, result }) => [name, result]));
  } finally {
    device.close();
  }
}

/** Changes what is read back of a certain size. */
function spoilReads(device: Device, changed: (bytes: Uint8Array) => void, size: (bytes: number) => boolean): void {
  const read = device.readback.read.bind(device.readback);
  device.readback.read = async (slice, cleared) => {
    const result = await read(slice, cleared);
    if (size(result.bytes.byteLength)) changed(new Uint8Array(result.bytes));
    return result;
  };
}

describe("the self-test", () => {
  it("passes, leaves nothing behind, and says what it measured", async () => {
    const device = await openDevice();
    const told: string[] = [];
    const checks = await selfTest(device, ({ name }) => told.push(name));
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(told).toEqual(checks.map(({ name }) => name));
    expect(device.memory().liveBytes).toBe(0);
    console.log(`${device.adapter.name}: ${checks.map(({ name, took_ms }) => `${name} ${(took_ms / 1000).toFixed(1)} s`).join(", ")}`);
    device.close();
  });

  it("finds one word that came back changed", async () => {
    const failures = await failuresOn((device) => spoilReads(device, (bytes) => (bytes[1000]! ^= 1), (bytes) => bytes === 16 * 2 ** 20));
    expect(failures).toEqual({ transfer: "1 of 4194304 words came back changed" });
  });

  it("finds one element of a product, or of a gradient, that rounding does not explain", async () => {
    for (const [size, what] of [[130 * 129, "the product"], [130 * 517, "the gradient of its left side"], [517 * 129, "the gradient of its right side"]] as const) {
      const failures = await failuresOn((device) => spoilReads(device, (bytes) => (new Float32Array(bytes.buffer)[size - 1]! += 1), (bytes) => bytes === 4 * size));
      expect(Object.keys(failures)).toEqual(["product"]);
      expect(failures.product).toContain(`${what} of 130 x 517 and 517 x 129 numbers is wrong`);
    }
  });

  it("finds losses that do not repeat, or are not finite", async () => {
    let reads = 0;
    const scalars = (bytes: number) => bytes === 4 && ++reads > 0;
    // 4 reads are of odd values; then come 60 losses, and the same again.
    const other = await failuresOn((device) => spoilReads(device, (bytes) => reads > 4 + 60 && (bytes[0]! ^= 1), scalars));
    expect(other.training).toMatch(/^the same seed gave another loss at step 1,/);
    reads = 0;
    const infinite = await failuresOn((device) => spoilReads(device, (bytes) => reads > 4 && bytes.set([0, 0, 0x80, 0x7f]), scalars));
    expect(infinite.training).toMatch(/^the loss is not finite/);
  });

  it("finds memory that nobody gave back", async () => {
    const failures = await failuresOn((device) => {
      const read = device.readback.read.bind(device.readback);
      let reads = 0;
      device.readback.read = (...given) => {
        // After the transfer.
        if (++reads === 2) zeros(device, [5]);
        return read(...given);
      };
    });
    expect(failures).toEqual({ product: expect.stringMatching(/^\d+ bytes are left in use$/) as string });
  });

  it("finds an error of the driver that nobody awaited", async () => {
    const device = await openDevice();
    const checks = await selfTest(device, ({ name }) => name === "training" && device.gpu.createBuffer({ size: 16, usage: 0xffff }));
    device.close();
    expect(checks.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual(["clean"]);
    expect(checks.at(-1)!.result).toMatch(/^GpuError: GPU: /);
  });

  it("stops at a device that is lost", async () => {
    const device = await openDevice();
    const checks = await selfTest(device, ({ name }) => name === "transfer" && device.gpu.destroy());
    device.close();
    expect(checks.map(({ name, ok }) => [name, ok])).toEqual([["transfer", true], ["product", false]]);
    expect(checks[1]!.result).toMatch(/^DeviceLostError: /);
  });
});
