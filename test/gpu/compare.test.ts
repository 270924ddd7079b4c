import { describe, expect, it } from "vitest";
import * as k from "../../src/ops/index.js";
import { compareCases } from "../cases/compare.js";
import { testDevice } from "../support/device.js";
import { testCases } from "../support/op_cases.js";

testCases("compare", compareCases);

describe("tests of values", () => {
  it("isNaN, isInf and logicalNot go by the bits", async () => {
    const device = await testDevice();
    const x = k.fromArray(device, [NaN, -Infinity, -1, -0, 0, 1e-37, Infinity]);
    expect([...(await k.isNaN(x).data())]).toEqual([1, 0, 0, 0, 0, 0, 0]);
    expect([...(await k.isInf(x).data())]).toEqual([0, 1, 0, 0, 0, 0, 1]);
    expect([...(await k.logicalNot(x).data())]).toEqual([0, 0, 0, 1, 1, 0, 0]);
    const whole = k.fromArray(device, [0, 5, -1], { dtype: "i32" });
    const not = k.logicalNot(whole);
    expect(not.dtype).toBe("u32");
    expect([...(await not.data())]).toEqual([1, 0, 0]);
  });

  it("comparisons of tensors that require gradients have none", async () => {
    const x = k.ones(await testDevice(), [3], { requiresGrad: true });
    for (const y of [k.less(x, 2), k.equal(x, x), k.greater(2, x)]) {
      expect(y.dtype).toBe("u32");
      expect(y.requiresGrad).toBe(false);
    }
  });

  it("refuses mixed and wrong types", async () => {
    const device = await testDevice();
    const f = k.ones(device, [2]);
    const i = k.ones(device, [2], { dtype: "i32" });
    expect(() => k.less(f, i)).toThrow("less: element types differ, got a f32 and b i32; convert one with cast()");
    expect(() => k.equal(i, 0.5)).toThrow("equal: b does not fit beside i32, got 0.5");
    expect(() => k.greater(f, null as unknown as number)).toThrow("greater: b must be a tensor or a number, got object");
    expect(() => k.lessEqual(f, k.ones(device, [3]))).toThrow("lessEqual: shapes do not broadcast, got [2] and [3]");
    expect(() => k.isNaN(i)).toThrow("isNaN: x must be f32 or f16, got i32");
  });
});
