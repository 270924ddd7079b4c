// One table of cases per op, read by the forward test, the gradient test and the benchmarks.
import { describe, expect, it } from "vitest";
import { scope } from "../../src/tensor/scope.js";
import { backward } from "../../src/tensor/backward.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { fromArray } from "../../src/ops/creation.js";
import type { DType } from "../../src/tensor/dtype.js";
import { drawCotangent, drawInputs, halfSuffix, isFloat, seedOf } from "./case_inputs.js";
import { testDevice } from "./device.js";
import { itInHalf } from "./half.js";
import { roundToHalf, testRandom, type Nd } from "./nd.js";
import { compare, type ToleranceClass } from "./tolerances.js";

export { drawInputs } from "./case_inputs.js";

export interface InputSpec {
  shape: readonly number[];
  dtype?: DType;
  /** Explicit values, or how to draw one: by default standard normal (floats) or 0 (integers). */
  values?: readonly number[] | ((random: ReturnType<typeof testRandom>, index: number) => number);
  /** Whether the gradient is checked; by default for floats. */
  gradient?: boolean;
}

export interface OpCase {
  name: string;
  inputs: readonly InputSpec[];
  run(inputs: Tensor[]): Tensor;
  /** Float64, with plain loops; shares no code with src. Gradients are central differences of it. */
  reference(inputs: readonly Nd[]): Nd;
  tolerance: ToleranceClass;
  /** False where the op has none (integers out), or the forward case is too large to differentiate. */
  gradient?: boolean;
  gradientTolerance?: ToleranceClass;
  /** True where only the output is f16. */
  halfOutput?: boolean;
  /** True where the gradient is zero by definition: the runner otherwise fails a vacuous case. */
  zeroGradient?: boolean;
}

const maxElementsDifferentiated = 600;

/** Declares the forward and gradient tests of a table. Those with f16 are skipped, and say so, where the adapter has none. */
export function testCases(op: string, cases: readonly OpCase[]): void {
  describe(op, () => {
    for (const one of cases) {
      const declare = one.halfOutput || one.inputs.some(({ dtype }) => dtype === "f16") ? itInHalf : it;
      declare(`${one.name}: forward`, () => checkForward(one));
      if (one.gradient !== false) declare(`${one.name}: gradient`, () => checkGradient(one));
    }
  });
}

/** The cases with f16 in place of f32 inputs (masks and weights without a gradient aside): the same references, f16's tolerances. */
export function inHalf(cases: readonly OpCase[]): OpCase[] {
  const inHalf = (tolerance: ToleranceClass): ToleranceClass => (tolerance === "exact" ? "exact" : "half");
  return cases.map((one) => ({
    ...one,
    name: one.name + halfSuffix,
    inputs: one.inputs.map((input) => ((input.dtype ?? "f32") === "f32" && input.gradient !== false ? { ...input, dtype: "f16" as const } : input)),
    tolerance: inHalf(one.tolerance),
    gradientTolerance: one.tolerance === "exact" ? inHalf(one.gradientTolerance ?? "gradient") : "halfGradient",
  }));
}

async function checkForward(one: OpCase): Promise<void> {
  const device = await testDevice();
  const before = device.memory().liveBytes;
  const inputs = drawInputs(one);
  const output = scope(() => one.run(inputs.map((input, i) => fromArray(device, input.data, { shape: input.shape, dtype: one.inputs[i]!.dtype ?? "f32" }))));
  const want = one.reference(inputs);
  expect(output.shape, "shape").toEqual(want.shape);
  const rounded = output.dtype === "f16" ? want.data.map(roundToHalf) : want.data;
  const result = compare(await output.data(), rounded, one.tolerance);
  output.dispose();
  expect(result.worst, result.message).toBeLessThanOrEqual(1);
  expect(device.memory().liveBytes, "bytes left behind").toBe(before);
}

async function checkGradient(one: OpCase): Promise<void> {
  const device = await testDevice();
  const before = device.memory().liveBytes;
  const drawn = drawInputs(one);
  const cotangent = drawCotangent(one, one.reference(drawn).shape);

  const wanted = one.inputs.map(({ dtype, gradient }) => gradient ?? isFloat(dtype));
  const leaves = drawn.map((value, i) =>
    fromArray(device, value.data, { shape: value.shape, dtype: one.inputs[i]!.dtype ?? "f32", requiresGrad: wanted[i]! }),
  );
  scope(() => {
    const y = one.run(leaves);
    backward(y, { gradient: fromArray(device, cotangent.data, { shape: cotangent.shape, dtype: y.dtype }) });
  });

  for (const [position, leaf] of leaves.entries()) {
    if (!wanted[position]) continue;
    const want = centralDifferences(one, drawn, position, cotangent);
    const largest = Math.max(0, ...want.values.map(Math.abs));
    if (!one.zeroGradient && leaf.size > 0) expect(largest, `vacuous case: reference gradient of input ${position} is zero`).toBeGreaterThan(1e-6);
    expect(leaf.grad, `input ${position} has no gradient`).not.toBeNull();
    expect(leaf.grad!.shape, `gradient shape of input ${position}`).toEqual(drawn[position]!.shape);
    expect(leaf.grad!.dtype, `gradient dtype of input ${position}`).toBe(leaf.dtype);
    const all = await leaf.grad!.data();
    const values = leaf.dtype === "f16" ? want.values.map(roundToHalf) : want.values;
    const result = compare(want.elements.map((i) => all[i]!), values, one.gradientTolerance ?? "gradient");
    expect(result.worst, `input ${position}, ${result.message}`).toBeLessThanOrEqual(1);
  }
  for (const leaf of leaves) leaf.dispose();
  expect(device.memory().liveBytes, "bytes left behind").toBe(before);
}

/** d<cotangent, reference>/dx by central differences: every element of a small input, a random sample of a large one. */
function centralDifferences(one: OpCase, values: readonly Nd[], position: number, cotangent: Nd): { elements: number[]; values: number[] } {
  const x = values[position]!.data;
  const random = testRandom(seedOf(one) + 2000 + position);
  const elements =
    x.length <= maxElementsDifferentiated
      ? Array.from(x.keys())
      : Array.from({ length: 48 }, () => random.integer(x.length));
  const project = () => {
    const y = one.reference(values).data;
    let sum = 0;
    for (let i = 0; i < y.length; i++) sum += y[i]! * cotangent.data[i]!;
    return sum;
  };
  const gradients = elements.map((i) => {
    const at = x[i]!;
    const step = 1e-5 * Math.max(1, Math.abs(at));
    x[i] = at + step;
    const above = project();
    x[i] = at - step;
    const below = project();
    x[i] = at;
    return (above - below) / (2 * step);
  });
  return { elements, values: gradients };
}
