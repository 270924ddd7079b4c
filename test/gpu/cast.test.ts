import { describe, expect, it } from "vitest";
import * as k from "../../src/ops/index.js";
import { backward } from "../../src/tensor/backward.js";
import type { DType } from "../../src/tensor/dtype.js";
import { testDevice } from "../support/device.js";

async function converted(values: number[], from: DType, to: DType): Promise<number[]> {
  const y = k.cast(k.fromArray(await testDevice(), values, { dtype: from }), to);
  expect(y.dtype).toBe(to);
  return [...(await y.data())];
}

describe("cast", () => {
  it("drops the fraction and stops at the limits", async () => {
    const f = [-1e30, -2147483648, -1.9, -0.5, 0, 0.9, 2.5, 16777216, 4e9, 1e30];
    expect(await converted(f, "f32", "u32")).toEqual([0, 0, 0, 0, 0, 0, 2, 16777216, 4e9, 4294967040]);
    // The largest f32 below 2^31 and 2^32 are 2147483520 and 4294967040.
    expect(await converted(f, "f32", "i32")).toEqual([-2147483648, -2147483648, -1, 0, 0, 0, 2, 16777216, 2147483520, 2147483520]);
  });

  it("rounds large whole numbers to f32, and keeps bits between i32 and u32", async () => {
    expect(await converted([-7, 16777217, 2147483647], "i32", "f32")).toEqual([-7, 16777216, 2147483648]);
    expect(await converted([7, 4294967295], "u32", "f32")).toEqual([7, 4294967296]);
    expect(await converted([-1, 5], "i32", "u32")).toEqual([4294967295, 5]);
    expect(await converted([4294967295, 5], "u32", "i32")).toEqual([-1, 5]);
  });

  it("converts every size", async () => {
    for (const size of [0, 1, 3, 4, 255, 257, 8193]) {
      const values = Array.from({ length: size }, (_, i) => i % 251);
      expect(await converted(values, "u32", "f32")).toEqual(values);
    }
  });

  it("to the same type is a view with a gradient, to another has none", async () => {
    const device = await testDevice();
    const x = k.fromArray(device, [1, 2], { requiresGrad: true });
    const { liveBuffers } = device.memory();
    const y = k.cast(x, "f32");
    expect(device.memory().liveBuffers).toBe(liveBuffers);
    backward(y, { gradient: k.fromArray(device, [3, 4]) });
    expect([...(await x.grad!.data())]).toEqual([3, 4]);
    expect(k.cast(x, "i32").requiresGrad).toBe(false);
  });

  it("refuses an unknown type", async () => {
    const x = k.ones(await testDevice(), [2]);
    expect(() => k.cast(x, "f64" as DType)).toThrow('cast: unknown dtype, got "f64"; use f32, f16, i32, u32');
  });
});
