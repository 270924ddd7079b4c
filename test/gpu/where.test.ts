import { describe, expect, it } from "vitest";
import * as k from "../../src/ops/index.js";
import { backward } from "../../src/tensor/backward.js";
import { whereCases } from "../cases/where.js";
import { testDevice } from "../support/device.js";
import { testCases } from "../support/op_cases.js";

testCases("where", whereCases);

describe("where", () => {
  it("takes two numbers, infinity among them", async () => {
    const condition = k.fromArray(await testDevice(), [1, 0, 7], { dtype: "u32" });
    const y = k.where(condition, 0, -Infinity);
    expect(y.dtype).toBe("f32");
    expect([...(await y.data())]).toEqual([0, -Infinity, 0]);
  });

  it("keeps NaN of the branch not taken out of values and gradients", async () => {
    const device = await testDevice();
    const x = k.fromArray(device, [-1, 4], { requiresGrad: true });
    const y = k.where(k.greater(x, 0), x, k.fromArray(device, [0, NaN]));
    backward(y, { gradient: k.ones(device, [2]) });
    expect([...(await y.data())]).toEqual([0, 4]);
    expect([...(await x.grad!.data())]).toEqual([0, 1]);
  });

  it("refuses bad input", async () => {
    const device = await testDevice();
    const c = k.ones(device, [2], { dtype: "u32" });
    const f = k.ones(device, [2]);
    expect(() => k.where(f, f, f)).toThrow("where: condition must be u32 or i32, got f32; convert it with cast()");
    expect(() => k.where(c, f, k.ones(device, [2], { dtype: "i32" }))).toThrow("where: element types differ, got a f32 and b i32");
    expect(() => k.where(c, k.ones(device, [2], { dtype: "i32" }), 0.5)).toThrow("where: b does not fit beside i32, got 0.5");
    expect(() => k.where(c, f, k.ones(device, [3]))).toThrow("where: shapes do not broadcast, got [2] and [3]");
    expect(() => k.where(c, "1" as unknown as number, f)).toThrow("where: a must be a tensor or a number, got string");
  });
});
