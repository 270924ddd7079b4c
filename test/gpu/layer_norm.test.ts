import { describe, expect, it } from "vitest";
import type { Slice } from "../../src/gpu/buffers.js";
import { layerNormBackward, layerNormChunks, layerNormForward } from "../../src/kernels/layer_norm.js";
import { add, mul } from "../../src/ops/binary.js";
import { fromArray, ones, zeros } from "../../src/ops/creation.js";
import { layerNorm, rmsNorm } from "../../src/ops/layer_norm.js";
import { scope } from "../../src/tensor/scope.js";
import { backward } from "../../src/tensor/backward.js";
import { empty } from "../../src/tensor/tensor.js";
import { rowNormCases, rowNormReference } from "../cases/layer_norm.js";
import { testDevice } from "../support/device.js";
import { withoutLeak } from "../support/leak_check.js";
import { nd, testRandom, type Nd } from "../support/nd.js";
import { testCases } from "../support/op_cases.js";
import { compare, type ToleranceClass } from "../support/tolerances.js";

testCases("row norms", rowNormCases);

function expectClose(got: ArrayLike<number>, want: ArrayLike<number>, kind: ToleranceClass): void {
  const result = compare(got, want, kind);
  expect(result.worst, result.message).toBeLessThanOrEqual(1);
}

function draw(shape: readonly number[], seed: number): Nd {
  const random = testRandom(seed);
  return nd(shape, () => Math.fround(random.normal()));
}

/** By the formula, in float64. */
function gradients(x: Nd, weight: Nd | null, dy: Nd, center: boolean, eps: number) {
  const [rows, cols] = x.shape as [number, number];
  const xhat = rowNormReference(x, { eps, center });
  const [dx, dw, db] = [nd(x.shape, () => 0), new Float64Array(cols), new Float64Array(cols)];
  for (let r = 0; r < rows; r++) {
    const at = (j: number) => r * cols + j;
    const columns = Array.from({ length: cols }, (_, j) => j);
    const mean = center ? columns.reduce((sum, j) => sum + x.data[at(j)]!, 0) / cols : 0;
    const rstd = 1 / Math.sqrt(columns.reduce((sum, j) => sum + (x.data[at(j)]! - mean) ** 2, 0) / cols + eps);
    const g = (j: number) => dy.data[at(j)]! * (weight?.data[j] ?? 1);
    const meanG = center ? columns.reduce((sum, j) => sum + g(j), 0) / cols : 0;
    const meanDot = columns.reduce((sum, j) => sum + g(j) * xhat.data[at(j)]!, 0) / cols;
    for (const j of columns) {
      dx.data[at(j)] = rstd * (g(j) - meanG - xhat.data[at(j)]! * meanDot);
      dw[j]! += dy.data[at(j)]! * xhat.data[at(j)]!;
      db[j]! += dy.data[at(j)]!;
    }
  }
  return { dx: dx.data, dw, db };
}

/** Sums over the first axis of [chunks, cols]. */
function overChunks(values: ArrayLike<number>, cols: number): Float64Array {
  const sums = new Float64Array(cols);
  for (let i = 0; i < values.length; i++) sums[i % cols]! += values[i]!;
  return sums;
}

const variants = ["invocation", "subgroup", "workgroup"] as const;

describe("layer norm kernels, each variant", () => {
  // Around 8 and 64 lanes, fours and not; rows around the chunks of 32, and chunks of 64.
  const shapes = [[1, 1], [3, 5], [31, 8], [32, 12], [33, 63], [2, 64], [3, 65], [70, 128], [5, 256], [2, 1021], [32769, 1]];
  const options = variants.flatMap((variant) => [true, false].flatMap((center) => [true, false].map((hasWeight) => ({ variant, center, hasWeight }))));
  it.each(shapes.flatMap((shape) => options.map((option) => ({ shape, ...option }))))("$shape $variant, center $center, weight $hasWeight", ({ shape, variant, center, hasWeight }) =>
    withoutLeak(async (device) => {
      const [rows, cols] = shape as [number, number];
      const chunks = layerNormChunks(device, rows);
      const [values, weights, cotangent, before] = [draw(shape, 1), draw([cols], 2), draw(shape, 3), draw(shape, 4)];
      const eps = 1e-2;
      using x = fromArray(device, values.data, { shape });
      using weight = fromArray(device, weights.data);
      using dy = fromArray(device, cotangent.data, { shape });
      using others = fromArray(device, before.data, { shape });
      using y = empty(device, shape);
      using stats = empty(device, [rows, 4]);
      using dx = empty(device, shape);
      using dw = empty(device, [chunks, cols]);
      using db = empty(device, [chunks, cols]);
      const w = hasWeight ? weight.buffer : null;
      const settings = { rows, cols, center };
      layerNormForward(device, { x: x.buffer, w, b: null, y: y.buffer, stats: stats.buffer }, { ...settings, eps }, variant);
      const used = hasWeight ? weights : null;
      const want = gradients(values, used, cotangent, center, eps);
      const backward = (outputs: { dx: Slice | null; dw: Slice | null; db: Slice | null; others: Slice | null }) =>
        layerNormBackward(device, { x: x.buffer, w, dy: dy.buffer, stats: stats.buffer, ...outputs }, settings, variant);

      backward({ dx: dx.buffer, dw: dw.buffer, db: db.buffer, others: others.buffer });
      expectClose(await y.data(), rowNormReference(values, { weight: used, eps, center }).data, "reduction");
      expectClose(await dx.data(), want.dx.map((value, i) => value + before.data[i]!), "gradient");
      expectClose(overChunks(await dw.data(), cols), want.dw, "gradient");
      expectClose(overChunks(await db.data(), cols), want.db, "gradient");

      // Each on its own: variants of their own, so for one kind of norm.
      if (!center || !hasWeight) return;
      backward({ dx: dx.buffer, dw: null, db: null, others: null });
      expectClose(await dx.data(), want.dx, "gradient");
      for (const tensor of [dw, db]) tensor.set(new Array(chunks * cols).fill(7));
      backward({ dx: null, dw: dw.buffer, db: null, others: null });
      backward({ dx: null, dw: null, db: db.buffer, others: null });
      expectClose(overChunks(await dw.data(), cols), want.dw, "gradient");
      expectClose(overChunks(await db.data(), cols), want.db, "gradient");
    }),
  );
});

describe("row norms", () => {
  it.each([5, 8, 130])("spread NaN over its row of %i only", async (cols) => {
    const device = await testDevice();
    const values = new Array<number>(2 * cols).fill(0).map((_, i) => i % 3);
    values[1] = NaN;
    for (const variant of variants) {
      for (const center of [true, false]) {
        using x = fromArray(device, values, { shape: [2, cols] });
        using y = empty(device, [2, cols]);
        using stats = empty(device, [2, 4]);
        layerNormForward(device, { x: x.buffer, w: null, b: null, y: y.buffer, stats: stats.buffer }, { rows: 2, cols, eps: 1e-5, center }, variant);
        const got = [...(await y.data())];
        expect(got.slice(0, cols).every(Number.isNaN), `${variant}, center ${center}: ${got.slice(0, cols)}`).toBe(true);
        expect(got.slice(cols).some(Number.isNaN)).toBe(false);
      }
    }
  });

  it.each([[3, 5], [40, 8]])("add to the residual's gradient of [%i, %i] in the same launch", async (rows, cols) => {
    const device = await testDevice();
    const [values, weights, cotangent] = [draw([rows, cols], 11), draw([cols], 12), draw([rows, cols], 13)];
    using x = fromArray(device, values.data, { shape: [rows, cols], requiresGrad: true });
    using weight = fromArray(device, weights.data, { requiresGrad: true });
    using dy = fromArray(device, cotangent.data, { shape: [rows, cols] });
    // A leaf's gradient is summed by the tape; what an op computed is the norm's to add to.
    const y = scope(() => {
      const h = mul(x, 2);
      return add(h, layerNorm(h, weight));
    });
    backward(y, { gradient: dy });
    y.dispose();
    const doubled = { ...values, data: values.data.map((value) => 2 * value) };
    const want = gradients(doubled, weights, cotangent, true, 1e-5);
    expectClose(await x.grad!.data(), want.dx.map((value, i) => 2 * (value + cotangent.data[i]!)), "gradient");
    expectClose(await weight.grad!.data(), want.dw, "gradient");
  });

  it("take one launch backward, and one more for the sums of the weights", async () => {
    const device = await testDevice();
    using x = fromArray(device, draw([70, 12], 14).data, { shape: [70, 12], requiresGrad: true });
    using weight = ones(device, [12], { requiresGrad: true });
    using dy = ones(device, [70, 12]);
    weight.gradSlot = zeros(device, [12]);
    using y = layerNorm(x, weight);
    const before = device.queue.counts.dispatches;
    backward(y, { gradient: dy });
    expect(device.queue.counts.dispatches - before).toBe(2);
  });

  it("repeat bit for bit", async () => {
    const device = await testDevice();
    const shape = [300, 36];
    const run = async () => {
      using x = fromArray(device, draw(shape, 8).data, { shape, requiresGrad: true });
      using weight = ones(device, [36], { requiresGrad: true });
      using dy = fromArray(device, draw(shape, 9).data, { shape });
      scope(() => backward(layerNorm(x, weight), { gradient: dy }));
      return [...(await x.grad!.data()), ...(await weight.grad!.data())];
    };
    expect(await run()).toEqual(await run());
  });

  it("take no rows: the gradient of the weight is zero", () =>
    withoutLeak(async (device) => {
      for (const cols of [3, 4]) {
        using x = zeros(device, [0, cols], { requiresGrad: true });
        using weight = ones(device, [cols], { requiresGrad: true });
        scope(() => backward(layerNorm(x, weight), { gradient: zeros(device, [0, cols]) }));
        expect([...(await weight.grad!.data())]).toEqual(new Array(cols).fill(0));
        expect(x.grad!.shape).toEqual([0, cols]);
      }
    }));

  it("refuse what they cannot take", async () => {
    const device = await testDevice();
    using x = zeros(device, [4, 3]);
    using four = ones(device, [4]);
    using counts = ones(device, [3], { dtype: "i32" });
    using nothing = zeros(device, [4, 0]);
    using scalar = zeros(device, []);
    expect(() => layerNorm(counts)).toThrow("layerNorm: x must be f32 or f16, got i32");
    expect(() => layerNorm(x, four)).toThrow("layerNorm: weight must have the normalised shape [3], got [4]");
    expect(() => layerNorm(x, null, four)).toThrow("layerNorm: bias must have the normalised shape [3], got [4]");
    expect(() => rmsNorm(x, counts)).toThrow("rmsNorm: weight must be f32 or f16, got i32");
    expect(() => layerNorm(x, null, null, { normalizedDims: 3 })).toThrow("layerNorm: normalizedDims is 3, got x [4, 3]; use 1 to 2");
    expect(() => rmsNorm(scalar)).toThrow("rmsNorm: normalizedDims is 1, got x []");
    expect(() => layerNorm(nothing)).toThrow("layerNorm: nothing to normalise, got x [4, 0]");
    expect(() => rmsNorm(x, null, { eps: -1 })).toThrow("rmsNorm: eps must be a finite number >= 0, got -1");
    expect(() => rmsNorm(x, null, { epsilon: 1 } as never)).toThrow('rmsNorm: unknown option "epsilon"');
  });
});
