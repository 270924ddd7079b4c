import { describe, expect, it } from "vitest";
import * as k from "../../src/ops/index.js";
import { backward } from "../../src/tensor/backward.js";
import { noGrad } from "../../src/tensor/tape.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { erf, unaryCases } from "../cases/unary.js";
import { testDevice } from "../support/device.js";
import { testCases } from "../support/op_cases.js";
import { compare, type ToleranceClass } from "../support/tolerances.js";

testCases("unary", unaryCases);

async function expectValues(run: (x: Tensor) => Tensor, values: number[], want: number[], tolerance: ToleranceClass): Promise<void> {
  const x = k.fromArray(await testDevice(), values);
  const y = run(x);
  const result = compare(await y.data(), want, tolerance);
  expect(result.worst, `of [${values}], ${result.message}`).toBeLessThanOrEqual(1);
  x.dispose();
  y.dispose();
}

describe("unary at the edges", () => {
  const infinity = Infinity;
  // Where the adapters have IEEE results, for -infinity, -2, -0, 0, 2, infinity, NaN.
  const edges = [-infinity, -2, -0, 0, 2, infinity, NaN];
  const table: [string, (x: Tensor) => Tensor, number[]][] = [
    ["neg", k.neg, [infinity, 2, 0, 0, -2, -infinity, NaN]],
    ["abs", k.abs, [infinity, 2, 0, 0, 2, infinity, NaN]],
    ["sign", k.sign, [-1, -1, 0, 0, 1, 1, NaN]],
    ["floor", k.floor, [-infinity, -2, 0, 0, 2, infinity, NaN]],
    ["ceil", k.ceil, [-infinity, -2, 0, 0, 2, infinity, NaN]],
    ["round", k.round, [-infinity, -2, 0, 0, 2, infinity, NaN]],
    ["reciprocal", k.reciprocal, [0, -0.5, -infinity, infinity, 0.5, 0, NaN]],
    ["sqrt", k.sqrt, [NaN, NaN, 0, 0, Math.SQRT2, infinity, NaN]],
    ["exp", k.exp, [0, Math.exp(-2), 1, 1, Math.exp(2), infinity, NaN]],
    ["log", k.log, [NaN, NaN, -infinity, -infinity, Math.LN2, infinity, NaN]],
    ["sin", k.sin, [NaN, Math.sin(-2), 0, 0, Math.sin(2), NaN, NaN]],
    ["cos", k.cos, [NaN, Math.cos(2), 1, 1, Math.cos(2), NaN, NaN]],
    ["tanh", k.tanh, [-1, Math.tanh(-2), 0, 0, Math.tanh(2), 1, NaN]],
    ["erf", k.erf, [-1, erf(-2), 0, 0, erf(2), 1, NaN]],
    ["relu", k.relu, [0, 0, 0, 0, 2, infinity, NaN]],
    ["leakyRelu", (x) => k.leakyRelu(x), [-infinity, -0.02, 0, 0, 2, infinity, NaN]],
    ["elu", (x) => k.elu(x), [-1, Math.expm1(-2), 0, 0, 2, infinity, NaN]],
    ["sigmoid", k.sigmoid, [0, 1 / (1 + Math.exp(2)), 0.5, 0.5, 1 / (1 + Math.exp(-2)), 1, NaN]],
    ["softplus", (x) => k.softplus(x), [0, Math.log1p(Math.exp(-2)), Math.LN2, Math.LN2, Math.log1p(Math.exp(2)), infinity, NaN]],
    ["clamp", (x) => k.clamp(x, { min: -1, max: 1 }), [-1, -1, 0, 0, 1, 1, NaN]],
    ["clamp without max", (x) => k.clamp(x, { min: -1 }), [-1, -1, 0, 0, 2, infinity, NaN]],
    ["maximum with 1", (x) => k.maximum(x, 1), [1, 1, 1, 1, 2, infinity, NaN]],
    ["minimum with 1", (x) => k.minimum(x, 1), [-infinity, -2, 0, 0, 1, 1, NaN]],
    ["plus infinity", (x) => k.add(x, infinity), [NaN, infinity, infinity, infinity, infinity, infinity, NaN]],
    ["1 / x", (x) => k.div(1, x), [0, -0.5, -infinity, infinity, 0.5, 0, NaN]],
    ["x / 0", (x) => k.div(x, 0), [-infinity, -infinity, NaN, NaN, infinity, infinity, NaN]],
    ["pow 0", (x) => k.pow(x, 0), [1, 1, 1, 1, 1, 1, 1]],
    ["pow 2", (x) => k.pow(x, 2), [infinity, 4, 0, 0, 4, infinity, NaN]],
    ["pow 3", (x) => k.pow(x, 3), [-infinity, -8, 0, 0, 8, infinity, NaN]],
    ["pow -1", (x) => k.pow(x, -1), [0, -0.5, -infinity, infinity, 0.5, 0, NaN]],
    ["pow 0.5", (x) => k.pow(x, 0.5), [NaN, NaN, 0, 0, Math.SQRT2, infinity, NaN]],
    ["pow 41", (x) => k.pow(x, 41), [-infinity, -(2 ** 41), 0, 0, 2 ** 41, infinity, NaN]],
    ["pow 40", (x) => k.pow(x, 40), [infinity, 2 ** 40, 0, 0, 2 ** 40, infinity, NaN]],
  ];
  for (const [name, run, want] of table) it(name, () => expectValues(run, edges, want, "transcendental"));

  it("round goes to the even neighbour", () =>
    expectValues(k.round, [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.49999997, 8388609], [-2, -2, 0, 0, 2, 2, 0, 8388609], "exact"));

  it("is finite at large arguments", async () => {
    const x = [-1e30, -1e4, -100, 100, 1e4, 1e30];
    const step = [0, 0, 0, 1, 1, 1];
    const ramp = [0, 0, 0, 100, 1e4, 1e30];
    await expectValues(k.tanh, x, [-1, -1, -1, 1, 1, 1], "arithmetic");
    await expectValues(k.sigmoid, x, step, "arithmetic");
    await expectValues(k.silu, x, ramp, "arithmetic");
    await expectValues((x) => k.gelu(x), x, ramp, "arithmetic");
    await expectValues((x) => k.gelu(x, { approximate: "tanh" }), x, ramp, "arithmetic");
    await expectValues((x) => k.softplus(x), x, ramp, "arithmetic");
    await expectValues((x) => k.elu(x), x, [-1, -1, -1, 100, 1e4, 1e30], "arithmetic");
    for (const f of [k.tanh, k.sigmoid, k.silu, k.gelu, (x: Tensor) => k.gelu(x, { approximate: "tanh" }), k.softplus, k.elu, k.erf]) {
      const leaf = k.fromArray(await testDevice(), x, { requiresGrad: true });
      const y = f(leaf);
      backward(y, { gradient: k.ones(leaf.device, [6]) });
      const ramps = f === k.tanh || f === k.sigmoid || f === k.erf ? [0, 0, 0, 0, 0, 0] : step;
      const result = compare(await leaf.grad!.data(), ramps, "arithmetic");
      expect(result.worst, `${f.name}: ${result.message}`).toBeLessThanOrEqual(1);
    }
  });

  it("keeps relative accuracy near 0", async () => {
    const x = [1e-8, -3e-6, 1e-5, 0.001, -0.04, 0.3, 0.59, 0.61].map(Math.fround);
    const scaled = (f: (x: Tensor) => Tensor) => (x: Tensor) => k.div(f(x), x);
    await expectValues(scaled(k.tanh), x, x.map((v) => Math.tanh(v) / v), "arithmetic");
    await expectValues(scaled(k.erf), x, x.map((v) => erf(v) / v), "arithmetic");
    await expectValues(scaled(k.sin), x, x.map((v) => Math.sin(v) / v), "arithmetic");
    const negative = x.map((v) => -Math.abs(v));
    await expectValues(scaled((x) => k.elu(x)), negative, negative.map((v) => Math.expm1(v) / v), "transcendental");
    const nearOne = [1 - 2 ** -20, 1 + 2 ** -20, 0.999, 1.001].map(Math.fround);
    await expectValues((x) => k.div(k.log(x), k.sub(x, 1)), nearOne, nearOne.map((v) => Math.log(v) / (v - 1)), "arithmetic");
    const far = [-80, -40, -20, -5];
    await expectValues((x) => k.div(k.softplus(x), k.exp(x)), far, far.map((v) => Math.log1p(Math.exp(v)) / Math.exp(v)), "transcendental");
  });

  it("covers the range of log and of sin", async () => {
    const wide = [1e-45, 1e-40, 1.17e-38, 1e-30, 1e-3, 0.7071, 0.70712, 1.4142, 1.4143, 1e3, 1e30, 3.4e38].map(Math.fround);
    await expectValues(k.log, wide, wide.map(Math.log), "arithmetic");
    const angles = [3, 31.4, 100, 1000, -5000, 9999].map(Math.fround);
    await expectValues(k.sin, angles, angles.map(Math.sin), "arithmetic");
    await expectValues(k.cos, angles, angles.map(Math.cos), "arithmetic");
  });

  it("erf errs by at most 1e-7 over [-5, 5]", async () => {
    const x = Array.from({ length: 4001 }, (_, i) => Math.fround(-5 + i / 400));
    await expectValues(k.erf, x, x.map(erf), "arithmetic");
  });
});

describe("unary on other dtypes and bad input", () => {
  it("neg, abs and sign take i32", async () => {
    const x = k.fromArray(await testDevice(), [-5, 0, 7], { dtype: "i32" });
    const results = [k.neg(x), k.abs(x), k.sign(x)];
    expect(results.map((y) => y.dtype)).toEqual(["i32", "i32", "i32"]);
    expect(await Promise.all(results.map(async (y) => [...(await y.data())]))).toEqual([[5, 0, -7], [5, 0, 7], [-1, 0, 1]]);
  });

  it("refuses other dtypes, options and values, by name", async () => {
    const device = await testDevice();
    const x = k.ones(device, [2]);
    const whole = k.ones(device, [2], { dtype: "i32" });
    expect(() => k.exp(whole)).toThrow("exp: x must be f32 or f16, got i32; convert it with cast()");
    expect(() => k.neg(k.ones(device, [2], { dtype: "u32" }))).toThrow("neg: x must be f32 or f16 or i32, got u32");
    expect(() => k.relu(3 as unknown as Tensor)).toThrow("relu: x must be a tensor, got number");
    expect(() => k.gelu(x, { approximate: "sigmoid" as "none" })).toThrow('gelu: approximate must be "none" or "tanh", got sigmoid');
    expect(() => k.gelu(x, { aproximate: "tanh" } as object)).toThrow('gelu: unknown option "aproximate"');
    expect(() => k.leakyRelu(x, { slope: 1 } as object)).toThrow('leakyRelu: unknown option "slope"; known options: negativeSlope');
    expect(() => k.elu(x, { alpha: NaN })).toThrow("elu: alpha must be a finite number, got NaN");
    expect(() => k.softplus(x, { beta: 0 })).toThrow("softplus: beta must be a finite number > 0, got 0");
    expect(() => k.clamp(x, {})).toThrow("clamp: needs min or max, got neither");
    expect(() => k.clamp(x, { min: Infinity })).toThrow("clamp: min must be a finite number, got Infinity");
    expect(() => k.clamp(x, { low: 1 } as object)).toThrow('clamp: unknown option "low"');
  });

  it("saves nothing without a gradient to compute", async () => {
    const device = await testDevice();
    const x = k.ones(device, [8], { requiresGrad: true });
    const before = device.memory().liveBytes;
    const y = noGrad(() => k.log(x));
    expect(y.requiresGrad).toBe(false);
    y.dispose();
    expect(device.memory().liveBytes).toBe(before);
    expect(k.isNaN(x).requiresGrad).toBe(false);
  });
});
