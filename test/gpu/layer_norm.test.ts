import { describe, expect, it } from "vitest";
import { layerNormBackward, layerNormBackwardWeight, layerNormForward } from "../../src/kernels/layer_norm.js";
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

describe("layer norm kernels, each variant", () => {
  const shapes = [[1, 1], [3, 5], [17, 8], [5, 63], [2, 64], [3, 65], [5, 256], [2, 1021]];
  const variants = (["invocation", "workgroup"] as const).flatMap((variant) => [true, false].flatMap((center) => [true, false].map((hasWeight) => ({ variant, center, hasWeight }))));
  it.each(shapes.flatMap((shape) => variants.map((variant) => ({ shape, ...variant }))))("$shape $variant, center $center, weight $hasWeight", ({ shape, variant, center, hasWeight }) =>
    withoutLeak(async (device) => {
      const [rows, cols] = shape as [number, number];
      const [values, weights, cotangent] = [draw(shape, 1), draw([cols], 2), draw(shape, 3)];
      const eps = 1e-2;
      using x = fromArray(device, values.data, { shape });
      using weight = fromArray(device, weights.data);
      using dy = fromArray(device, cotangent.data, { shape });
      using y = empty(device, shape);
      using stats = empty(device, [rows, 4]);
      using dx = empty(device, shape);
      const w = hasWeight ? weight.buffer : null;
      const settings = { rows, cols, eps, center };
      layerNormForward(device, { x: x.buffer, w, b: null, y: y.buffer, stats: stats.buffer }, settings, variant);
      layerNormBackward(device, { x: x.buffer, w, dy: dy.buffer, stats: stats.buffer, dx: dx.buffer }, settings, variant);
      const used = hasWeight ? weights : null;
      expectClose(await y.data(), rowNormReference(values, { weight: used, eps, center }).data, "reduction");
      expectClose(await dx.data(), gradients(values, used, cotangent, center, eps).dx, "gradient");
    }),
  );

  it.each([[1, 3], [40, 8], [131, 6], [100, 67]].flatMap((shape) => [1, 2, 7, 16].map((chunks) => ({ shape, chunks }))))("weights of $shape in $chunks chunks", ({ shape, chunks }) =>
    withoutLeak(async (device) => {
      const [rows, cols] = shape as [number, number];
      const [values, cotangent] = [draw(shape, 4), draw(shape, 5)];
      using x = fromArray(device, values.data, { shape });
      using dy = fromArray(device, cotangent.data, { shape });
      using y = empty(device, shape);
      using stats = empty(device, [rows, 4]);
      using dw = empty(device, [cols]);
      using db = empty(device, [cols]);
      layerNormForward(device, { x: x.buffer, w: null, b: null, y: y.buffer, stats: stats.buffer }, { rows, cols, eps: 1e-5, center: true });
      layerNormBackwardWeight(device, { x: x.buffer, dy: dy.buffer, stats: stats.buffer, dw: dw.buffer, db: db.buffer }, { rows, cols }, chunks);
      const want = gradients(values, null, cotangent, true, 1e-5);
      expectClose(await dw.data(), want.dw, "gradient");
      expectClose(await db.data(), want.db, "gradient");
    }),
  );
});

describe("row norms", () => {
  it.each([5, 8, 130])("spread NaN over its row of %i only", async (cols) => {
    const device = await testDevice();
    const values = new Array<number>(2 * cols).fill(0).map((_, i) => i % 3);
    values[1] = NaN;
    for (const variant of ["invocation", "workgroup"] as const) {
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
    expect(() => layerNorm(counts)).toThrow("layerNorm: x must be f32, got i32");
    expect(() => layerNorm(x, four)).toThrow("layerNorm: weight must have the normalised shape [3], got [4]");
    expect(() => layerNorm(x, null, four)).toThrow("layerNorm: bias must have the normalised shape [3], got [4]");
    expect(() => rmsNorm(x, counts)).toThrow("rmsNorm: weight must be f32, got i32");
    expect(() => layerNorm(x, null, null, { normalizedDims: 3 })).toThrow("layerNorm: normalizedDims is 3, got x [4, 3]; use 1 to 2");
    expect(() => rmsNorm(scalar)).toThrow("rmsNorm: normalizedDims is 1, got x []");
    expect(() => layerNorm(nothing)).toThrow("layerNorm: nothing to normalise, got x [4, 0]");
    expect(() => rmsNorm(x, null, { eps: -1 })).toThrow("rmsNorm: eps must be a finite number >= 0, got -1");
    expect(() => rmsNorm(x, null, { epsilon: 1 } as never)).toThrow('rmsNorm: unknown option "epsilon"');
  });
});
