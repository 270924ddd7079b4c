import { describe, expect, it } from "vitest";
import * as k from "../../src/ops/index.js";
import { backward } from "../../src/tensor/backward.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { binaryCases } from "../cases/binary.js";
import { testDevice } from "../support/device.js";
import { testCases } from "../support/op_cases.js";
import { compare } from "../support/tolerances.js";

testCases("binary", binaryCases);

describe("binary at the edges", () => {
  const values = async (y: Tensor) => [...(await y.data())];

  it("maximum and minimum pass NaN on from either side", async () => {
    const device = await testDevice();
    const a = k.fromArray(device, [NaN, 1, NaN, 2, -Infinity]);
    const b = k.fromArray(device, [1, NaN, NaN, 3, 5]);
    expect(await values(k.maximum(a, b))).toEqual([NaN, NaN, NaN, 3, 5]);
    expect(await values(k.minimum(a, b))).toEqual([NaN, NaN, NaN, 2, -Infinity]);
    expect(await values(k.maximum(k.fromArray(device, [1, 2]), NaN))).toEqual([NaN, NaN]);
  });

  it("maximum shares the gradient between equal operands", async () => {
    const device = await testDevice();
    const a = k.fromArray(device, [1, 2, 3], { requiresGrad: true });
    const b = k.fromArray(device, [1, 3, 2], { requiresGrad: true });
    backward(k.maximum(a, b), { gradient: k.fromArray(device, [10, 20, 30]) });
    expect(await values(a.grad!)).toEqual([5, 0, 30]);
    expect(await values(b.grad!)).toEqual([5, 20, 0]);
  });

  it("an operand used twice gets both gradients", async () => {
    const device = await testDevice();
    const x = k.fromArray(device, [3, -4], { requiresGrad: true });
    backward(k.mul(x, x), { gradient: k.ones(device, [2]) });
    expect(await values(x.grad!)).toEqual([6, -8]);
  });

  it("division by zero is infinite, of zero NaN", async () => {
    const device = await testDevice();
    const a = k.fromArray(device, [1, -1, 0, 1]);
    const b = k.fromArray(device, [0, 0, 0, -Infinity]);
    expect((await values(k.div(a, b))).map(String)).toEqual(["Infinity", "-Infinity", "NaN", "0"]);
  });

  it("pow has the sign and the domain of IEEE's", async () => {
    const device = await testDevice();
    const x = [-2, -2, -2, 0, 0, 0, 2, 2, 4, 1e-3, NaN, NaN, 2, -2, -2, 10, -1.5];
    const e = [3, 2, 0.5, 0, 3, -1, -3, 0.5, 1.5, 10, 0, 1, NaN, -3, 33, 38, -2];
    const want = x.map((v, i) => Math.fround(Math.fround(v) ** Math.fround(e[i]!)));
    const y = k.pow(k.fromArray(device, x), k.fromArray(device, e));
    const result = compare(await y.data(), want, "transcendental");
    expect(result.worst, result.message).toBeLessThanOrEqual(1);
  });

  it("pow of 1 and of -1 is 1 at an infinite exponent", async () => {
    const device = await testDevice();
    const x = k.fromArray(device, [1, 1, -1, -1, 2, 0.5]);
    const e = k.fromArray(device, [Infinity, -Infinity, Infinity, -Infinity, Infinity, Infinity]);
    expect(await values(k.pow(x, e))).toEqual([1, 1, 1, 1, Infinity, 0]);
    expect(await values(k.pow(x, Infinity))).toEqual([1, 1, 1, 1, Infinity, 0]);
  });

  it("pow has PyTorch's gradients at 0", async () => {
    const device = await testDevice();
    const x = k.fromArray(device, [0, 0, 0, -2, 0], { requiresGrad: true });
    const e = k.fromArray(device, [0, 1, 2, 3, 3], { requiresGrad: true });
    backward(k.pow(x, e), { gradient: k.ones(device, [5]) });
    expect(await values(x.grad!)).toEqual([0, 1, 0, 12, 0]);
    expect((await values(e.grad!)).map(String)).toEqual(["0", "0", "0", "NaN", "0"]);
    const y = k.fromArray(device, [0, -3], { requiresGrad: true });
    backward(k.pow(y, 0), { gradient: k.ones(device, [2]) });
    expect(await values(y.grad!)).toEqual([0, 0]);
  });

  it("adds, subtracts, multiplies and compares whole numbers exactly", async () => {
    const device = await testDevice();
    const a = k.fromArray(device, [2 ** 30 + 1, -7, 3, 2147483647], { dtype: "i32" });
    const b = k.fromArray(device, [2, 3, -9, 1], { dtype: "i32" });
    expect(await values(k.add(a, b))).toEqual([2 ** 30 + 3, -4, -6, -2147483648]);
    expect(await values(k.sub(a, 1))).toEqual([2 ** 30, -8, 2, 2147483646]);
    expect(await values(k.mul(b, a))).toEqual([-2147483646, -21, -27, 2147483647]);
    expect(await values(k.maximum(a, b))).toEqual([2 ** 30 + 1, 3, 3, 2147483647]);
    expect(await values(k.minimum(-1, b))).toEqual([-1, -1, -9, -1]);
    const c = k.fromArray(device, [[4000000000, 2], [7, 0]].flat(), { dtype: "u32", shape: [2, 2] });
    expect(await values(k.maximum(c, k.fromArray(device, [3000000000, 5], { dtype: "u32" })))).toEqual([4000000000, 5, 3000000000, 5]);
    expect(k.add(c, 4294967295).dtype).toBe("u32");
    // Bit patterns of f32 NaN are ordinary integers.
    const nanBits = k.fromArray(device, [0x7fc00000, 0x7fffffff], { dtype: "i32" });
    expect(await values(k.maximum(nanBits, 0x7fffffff))).toEqual([0x7fffffff, 0x7fffffff]);
  });

  it("a number allocates nothing but the result", async () => {
    const device = await testDevice();
    const x = k.ones(device, [64]);
    const { liveBuffers } = device.memory();
    const y = k.mul(k.ones(device, [64]), 2);
    expect(device.memory().liveBuffers).toBe(liveBuffers + 2);
    y.dispose();
    x.dispose();
  });

  it("saves only what a needed gradient reads", async () => {
    const device = await testDevice();
    const w = k.ones(device, [64], { requiresGrad: true });
    const x = k.ones(device, [64]);
    const y = k.mul(w, x); // dw reads x alone
    w.dispose();
    const { liveBuffers } = device.memory();
    x.dispose();
    expect(device.memory().liveBuffers).toBe(liveBuffers);
    y.dispose();
    expect(device.memory().liveBuffers).toBe(liveBuffers - 2);
  });
});

describe("binary on bad input", () => {
  it("refuses it with the op's name, the values and a way out", async () => {
    const device = await testDevice();
    const f = k.ones(device, [2, 3]);
    const i = k.ones(device, [2, 3], { dtype: "i32" });
    const u = k.ones(device, [2, 3], { dtype: "u32" });
    expect(() => k.add(f, k.ones(device, [2]))).toThrow("add: shapes do not broadcast, got [2, 3] and [2]; extents aligned at the right must be equal or 1");
    expect(() => k.mul(f, i)).toThrow("mul: element types differ, got a f32 and b i32; convert one with cast()");
    expect(() => k.div(i, i)).toThrow("div: a must be f32 or f16, got i32; convert it with cast()");
    expect(() => k.pow(f, i)).toThrow("pow: exponent must be f32 or f16, got i32");
    expect(() => k.add(i, 0.5)).toThrow("add: b does not fit beside i32, got 0.5; convert the tensor with cast()");
    expect(() => k.sub(-1, u)).toThrow("sub: a does not fit beside u32, got -1");
    expect(() => k.add(1, 2)).toThrow("add: needs a tensor, got number and number");
    expect(() => k.mul(f, "2" as unknown as number)).toThrow("mul: b must be a tensor or a number, got string");
    const comb = (on: number) => k.ones(device, Array.from({ length: 8 }, (_, axis) => (axis % 2 === on ? 2 : 1)));
    expect(() => k.add(comb(0), comb(1))).toThrow("add: shapes broadcast in too many separate axes, got [2, 1, 2, 1, 2, 1, 2, 1] and [1, 2, 1, 2, 1, 2, 1, 2]; use expand() on one first");
  });
});
