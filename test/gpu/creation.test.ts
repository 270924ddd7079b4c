import { describe, expect, it } from "vitest";
import { OutOfMemoryError, UsageError } from "../../src/errors.js";
import type { Device } from "../../src/gpu/device.js";
import { arange, eye, fromArray, full, randn, tensor, zeros } from "../../src/ops/index.js";
import type { Generator } from "../../src/tensor/random.js";
import { testDevice } from "../support/device.js";

describe("tensor", () => {
  it("reads its shape off nested arrays", async () => {
    const x = tensor(await testDevice(), [[[1, 2]], [[3, 4]], [[5, 6]]]);
    expect(x.shape).toEqual([3, 1, 2]);
    expect([...(await x.data())]).toEqual([1, 2, 3, 4, 5, 6]);
    x.dispose();
  });

  it("refuses ragged arrays, also those with the right number of values", async () => {
    const device = await testDevice();
    const { liveBuffers } = device.memory();
    for (const ragged of [[[1, 2], [3]], [[1, 2], [3, 4, 5], [6]], [[1, 2], 3], [[1, 2], [[3], [4]]]]) {
      expect(() => tensor(device, ragged)).toThrow("tensor: nested arrays are ragged");
    }
    expect(device.memory().liveBuffers).toBe(liveBuffers);
  });
});

describe("creation on bad input", () => {
  it("refuses what is no device, array, number or generator", async () => {
    const device = await testDevice();
    expect(() => fromArray(device, undefined as unknown as number[])).toThrow("fromArray: values must be an array of numbers, got undefined");
    expect(() => fromArray(device, "123" as unknown as number[])).toThrow("fromArray: values must be an array of numbers, got string");
    expect(() => tensor(undefined as unknown as Device, [1])).toThrow("the first argument must be a device, got undefined; open one with openDevice()");
    expect(() => zeros([2] as unknown as Device, [2])).toThrow("the first argument must be a device");
    expect(() => full(device, [2], undefined as unknown as number)).toThrow("full: value must be a number, got undefined");
    expect(() => randn(device, [2], { generator: {} as Generator })).toThrow(UsageError);
  });

  it("refuses what no binding can hold, before the host makes an array of it", async () => {
    const device = await testDevice();
    const { created } = device.pool;
    const calls = [() => zeros(device, [2 ** 20, 2 ** 20]), () => arange(device, 1e12), () => randn(device, [2 ** 40]), () => eye(device, 2 ** 25)];
    for (const call of calls) {
      expect(call).toThrow(OutOfMemoryError);
      expect(call).toThrow(/^(full|arange|randn|eye): a tensor of \d+ bytes is over the adapter's limit/);
    }
    expect(device.pool.created).toBe(created);
  });
});
