import { describe, expect, it } from "vitest";
import { reduce, type Reduction } from "../../src/kernels/reduce.js";
import { argmax, argmin } from "../../src/ops/argmax.js";
import { fromArray, full } from "../../src/ops/creation.js";
import { max, min } from "../../src/ops/extremum.js";
import { norm } from "../../src/ops/norm.js";
import { mean, sum } from "../../src/ops/sum.js";
import { variance } from "../../src/ops/variance.js";
import { backward } from "../../src/tensor/backward.js";
import { empty } from "../../src/tensor/tensor.js";
import { argCases, integerCases, manyRowsCase, reduceBy, reductionCases, references } from "../cases/reductions.js";
import { testDevice } from "../support/device.js";
import { nd, testRandom } from "../support/nd.js";
import { testCases } from "../support/op_cases.js";
import { compare, type ToleranceClass } from "../support/tolerances.js";

testCases("reductions", reductionCases);
testCases("reductions of integers", integerCases);
testCases("argmax and argmin", argCases);
testCases("many rows", [manyRowsCase]);

function expectClose(got: ArrayLike<number>, want: ArrayLike<number>, kind: ToleranceClass): void {
  const { worst, message } = compare(got, want, kind);
  expect(worst, message).toBeLessThanOrEqual(1);
}

describe("reductions, the workgroup variant", () => {
  const kinds: [Reduction, (values: number[]) => number][] = [
    ["sum", references.sum],
    ["max", references.max],
    ["min", references.min],
    ["norm_1", references.norm1],
    ["norm_2", references.norm2],
    ["norm_infinity", references.normInfinity],
  ];
  const shapes: [number[], number[]][] = [[[1], [0]], [[3, 63], [1]], [[5, 64], [1]], [[2, 65], [1]], [[2, 3, 4], [0, 2]], [[7, 2, 129], [0, 2]], [[9001], [0]]];
  for (const [reduction, f] of kinds) {
    it.each(shapes)(`${reduction} %j over %j`, async (shape, axes) => {
      const device = await testDevice();
      const random = testRandom(shape.length);
      const values = nd(shape, () => Math.fround(random.normal()));
      const want = reduceBy(values, { axis: axes }, f);
      using x = fromArray(device, values.data, { shape });
      using y = empty(device, want.shape);
      reduce(device, { x: x.buffer, y: y.buffer }, { op: "test", reduction, dtype: "f32", shape, axes }, "workgroup");
      expectClose(await y.data(), want.data, "reduction");
    });
  }

  it("takes means for square_deviation, and its scale once", async () => {
    const device = await testDevice();
    const random = testRandom(3);
    const values = nd([3, 8200], () => Math.fround(random.normal() + 4));
    using x = fromArray(device, values.data, { shape: values.shape });
    using means = mean(x, { axis: 1 });
    using y = empty(device, [3]);
    const spec = { op: "test", reduction: "square_deviation", dtype: "f32", shape: values.shape, axes: [1], scale: 1 / 8199 } as const;
    reduce(device, { x: x.buffer, s: means.buffer, y: y.buffer }, spec, "workgroup");
    expectClose(await y.data(), reduceBy(values, { axis: 1 }, references.variance(1)).data, "reduction");
  });
});

describe("accuracy of long reductions", () => {
  it.each([{ shape: [1_000_003] }, { shape: [1 << 20] }, { shape: [262_144, 4] }])("$shape: sum of values around 1 within the arithmetic bound", async ({ shape }) => {
    const device = await testDevice();
    const random = testRandom(11);
    const values = nd(shape, () => Math.fround(1 + 0.5 * random.normal()));
    using x = fromArray(device, values.data, { shape });
    using y = sum(x, { axis: 0 });
    expectClose(await y.data(), reduceBy(values, { axis: 0 }, references.sum).data, "arithmetic");
  });

  it("one invocation's sum of 3000 equal values, whose roundings all go one way", async () => {
    const device = await testDevice();
    using x = full(device, [3000, 2048], 0.1);
    using y = sum(x, { axis: 0 });
    expectClose(await y.data(), new Array<number>(2048).fill(3000 * Math.fround(0.1)), "arithmetic");
  });

  it("variance keeps its digits beside an offset of 4096", async () => {
    const device = await testDevice();
    const random = testRandom(12);
    const values = nd([4, 3000], () => Math.fround(4096 + random.normal()));
    using x = fromArray(device, values.data, { shape: values.shape });
    using y = variance(x, { axis: 1 });
    expectClose(await y.data(), reduceBy(values, { axis: 1 }, references.variance(1)).data, "gradient");
  });

  it("repeats bit for bit", async () => {
    const device = await testDevice();
    const random = testRandom(13);
    using x = fromArray(device, Array.from({ length: 100_003 }, () => random.normal()));
    using first = sum(x);
    using second = sum(x);
    expect(await second.item()).toBe(await first.item());
  });
});

describe("max, min and norms at special values", () => {
  it("share the gradient among ties", async () => {
    const device = await testDevice();
    const gradient = async (values: number[], op: (x: ReturnType<typeof fromArray>) => ReturnType<typeof fromArray>) => {
      using x = fromArray(device, values, { requiresGrad: true });
      using y = op(x);
      backward(y, { gradient: fromArray(device, [6], { shape: [] }) });
      return [...(await x.grad!.data())];
    };
    expect(await gradient([1, 3, 3, 2, 3], (x) => max(x))).toEqual([0, 2, 2, 0, 2]);
    expect(await gradient([1, 3, 1, 2], (x) => min(x))).toEqual([3, 0, 3, 0]);
    expect(await gradient([-5, 3, 5, 2], (x) => norm(x, { p: Infinity }))).toEqual([-3, 0, 3, 0]);
    expect(await gradient([0, 0, 0], (x) => norm(x))).toEqual([0, 0, 0]);
    expect(await gradient([-2, 0, 3], (x) => norm(x, { p: 1 }))).toEqual([-6, 0, 6]);
  });

  it.each([["scalars", 3], ["fours", 8], ["two launches", 5000]])("propagate NaN and infinities: %s", async (_, cols) => {
    const device = await testDevice();
    const rows = Array.from({ length: 4 }, () => new Array<number>(cols).fill(1));
    rows[0]![1] = NaN;
    rows[1]![2] = -Infinity;
    rows[2]![0] = Infinity;
    for (const axis of [0, 1]) {
      const flat = axis === 1 ? rows.flat() : Array.from({ length: cols * 4 }, (__, i) => rows[i % 4]![Math.floor(i / 4)]!);
      using x = fromArray(device, flat, { shape: axis === 1 ? [4, cols] : [cols, 4] });
      using high = max(x, { axis });
      using low = min(x, { axis });
      using size = norm(x, { axis, p: Infinity });
      using where = argmax(x, { axis });
      using whereLow = argmin(x, { axis });
      expect([...(await high.data())]).toEqual([NaN, 1, Infinity, 1]);
      expect([...(await low.data())]).toEqual([NaN, -Infinity, 1, 1]);
      expect([...(await size.data())]).toEqual([NaN, Infinity, Infinity, 1]);
      expect([...(await where.data())]).toEqual([1, 0, 0, 0]);
      expect([...(await whereLow.data())]).toEqual([1, 2, cols > 1 ? 1 : 0, 0]);
    }
  });

  it("keep rows that are all minus infinity", async () => {
    const device = await testDevice();
    using x = fromArray(device, new Array<number>(6).fill(-Infinity));
    using y = max(x);
    expect(await y.item()).toBe(-Infinity);
  });

  it("give the gradient of a NaN maximum to the NaNs", async () => {
    const device = await testDevice();
    using x = fromArray(device, [1, NaN, 2, NaN], { requiresGrad: true });
    using y = max(x);
    backward(y);
    expect([...(await x.grad!.data())]).toEqual([0, 0.5, 0, 0.5]);
  });
});

describe("reductions of nothing", () => {
  it("sum to 0, and keep an empty result empty", async () => {
    const device = await testDevice();
    using x = fromArray(device, [], { shape: [3, 0] });
    using y = sum(x, { axis: 1 });
    expect([...(await y.data())]).toEqual([0, 0, 0]);
    using none = max(x, { axis: 0 });
    expect(none.shape).toEqual([0]);
    expect((await none.data()).length).toBe(0);
    using length = norm(x, { axis: 1 });
    expect([...(await length.data())]).toEqual([0, 0, 0]);
  });

  it.each([
    ["mean", (x: Parameters<typeof mean>[0]) => mean(x, { axis: 1 })],
    ["max", (x: Parameters<typeof mean>[0]) => max(x)],
    ["norm", (x: Parameters<typeof mean>[0]) => norm(x, { p: Infinity })],
  ])("%s throws", async (name, run) => {
    const device = await testDevice();
    using x = fromArray(device, [], { shape: [3, 0] });
    expect(() => run(x)).toThrow(`${name}: nothing to reduce, got [3, 0]`);
    expect(() => argmax(x, { axis: 1 })).toThrow("argmax: nothing to search, got [3, 0]");
  });
});

describe("reductions refuse", () => {
  it("bad axes, options, types and values, before anything is launched", async () => {
    const device = await testDevice();
    using x = fromArray(device, [1, 2, 3, 4, 5, 6], { shape: [2, 3] });
    using i = fromArray(device, [1, 2], { dtype: "i32" });
    const before = device.queue.counts.dispatches;
    expect(() => sum(x, { axis: 2 })).toThrow("sum: axis out of range, got 2 for rank 2; use -2 to 1");
    expect(() => mean(x, { axis: [0, -2] })).toThrow("mean: an axis is named twice, got [0, 0]");
    expect(() => max(x, { axis: 0.5 })).toThrow("max: axis must be a whole number, got 0.5");
    expect(() => sum(x, { axis: null as unknown as number })).toThrow("sum: axis must be a whole number or an array of them, got null");
    expect(() => sum(x, { dim: 1 } as object)).toThrow('sum: unknown option "dim"');
    expect(() => mean(i)).toThrow("mean: x must be f32 or f16, got i32");
    expect(() => variance(i)).toThrow("variance: x must be f32 or f16, got i32");
    expect(() => variance(x, { axis: 0, correction: 2 })).toThrow("variance: needs more elements than the correction, got 2 with correction 2");
    expect(() => variance(x, { correction: NaN })).toThrow("variance: correction must be a finite number, got NaN");
    expect(() => norm(x, { p: 3 })).toThrow("norm: p must be 1, 2 or Infinity, got 3");
    expect(() => argmax(x, { axis: [0] as unknown as number })).toThrow("argmax: axis must be one whole number");
    expect(() => argmin(x, { axis: -3 })).toThrow("argmin: axis out of range, got -3");
    expect(device.queue.counts.dispatches).toBe(before);
  });

  it("more groups of axes than a kernel walks", async () => {
    const device = await testDevice();
    using x = fromArray(device, new Float32Array(256), { shape: [2, 2, 2, 2, 2, 2, 2, 2] });
    expect(() => sum(x, { axis: [0, 2, 4, 6] })).toThrow("sum: axes form more than 3 separate groups, got [0, 2, 4, 6] of [2, 2, 2, 2, 2, 2, 2, 2]; permute first");
  });
});
