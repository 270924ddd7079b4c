import { describe, expect, it } from "vitest";
import { crossEntropyBackward, crossEntropyForward } from "../../src/kernels/cross_entropy.js";
import { mul } from "../../src/ops/binary.js";
import { fromArray, ones, zeros } from "../../src/ops/creation.js";
import { crossEntropy, nllLoss } from "../../src/ops/cross_entropy.js";
import { logSoftmax } from "../../src/ops/softmax.js";
import { exp } from "../../src/ops/transcendental.js";
import { scope } from "../../src/tensor/scope.js";
import { backward } from "../../src/tensor/backward.js";
import { noGrad } from "../../src/tensor/tape.js";
import { empty, type Tensor } from "../../src/tensor/tensor.js";
import { classLossReference, crossEntropyCases, drawTargets } from "../cases/cross_entropy.js";
import { testDevice } from "../support/device.js";
import { withoutLeak } from "../support/leak_check.js";
import { nd, testRandom, type Nd } from "../support/nd.js";
import { testCases } from "../support/op_cases.js";
import { compare, type ToleranceClass } from "../support/tolerances.js";

testCases("cross-entropy", crossEntropyCases);

function expectClose(got: ArrayLike<number>, want: ArrayLike<number>, kind: ToleranceClass, where = ""): void {
  const result = compare(got, want, kind);
  expect(result.worst, `${where} ${result.message}`).toBeLessThanOrEqual(1);
}

/** d sum(dy * losses) / dx by the formula, in float64, with the classes on axis 1 of [outer, classes, inner]. */
function gradientReference(x: Nd, targets: readonly number[], weight: Nd | null, smoothing: number, dy: Nd): Float64Array {
  const [, classes, inner] = x.shape as [number, number, number];
  const w = (c: number) => weight?.data[c] ?? 1;
  const mass = Array.from({ length: classes }, (_, c) => w(c)).reduce((a, b) => a + b, 0);
  return x.data.map((value, i) => {
    const c = Math.floor(i / inner) % classes;
    const first = i - c * inner;
    const row = Math.floor(i / (inner * classes)) * inner + (i % inner);
    const t = targets[row]!;
    if (t === -100) return 0;
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += Math.exp(x.data[first + k * inner]! - value);
    const hot = (1 - smoothing) * w(t);
    return dy.data[row]! * ((hot + (smoothing / classes) * mass) / sum - (smoothing / classes) * w(c) - (c === t ? hot : 0));
  });
}

describe("cross-entropy kernels, each variant", () => {
  const shapes = [[1, 1, 1], [3, 5, 1], [17, 8, 1], [5, 63, 1], [2, 64, 1], [3, 65, 1], [5, 256, 1], [2, 1021, 1], [2, 70, 3], [3, 5, 4]];
  const variants = (["invocation", "subgroup", "workgroup"] as const).flatMap((variant) => [0, 0.1].flatMap((smoothing) => [true, false].map((weighted) => ({ variant, smoothing, weighted }))));
  it.each([...shapes.map((shape) => ({ shape, offset: 0 })), { shape: [6, 12, 1], offset: 1e4 }].flatMap((of) => variants.map((variant) => ({ ...of, ...variant }))))("$shape + $offset, $variant, smoothing $smoothing, weights $weighted", ({ shape, offset, variant, smoothing, weighted }) =>
    withoutLeak(async (device) => {
      const [outer, extent, inner] = shape as [number, number, number];
      const rows = outer * inner;
      const random = testRandom(31);
      const values = nd(shape, () => Math.fround(offset + 2 * random.normal()));
      const weights = nd([extent], () => Math.fround(0.5 + random.uniform()));
      const cotangent = nd([rows], () => Math.fround(random.normal()));
      const labels = drawTargets(rows, extent, -100);
      using x = fromArray(device, values.data, { shape });
      using targets = fromArray(device, labels, { dtype: "i32" });
      using weight = fromArray(device, weights.data);
      using dy = fromArray(device, cotangent.data);
      using losses = empty(device, [rows]);
      using norms = empty(device, [rows]);
      using unit = empty(device, shape);
      using dx = empty(device, shape);
      const settings = { sizes: { outer, extent, inner }, ignoreIndex: -100, smoothing };
      const faults = device.indexFaults.block("crossEntropy", "i32");
      const used = weighted ? weights : null;
      const wantLosses = classLossReference(values, labels, { reduction: "none", smoothing, weight: used?.data ?? null, axis: 1 }).data;
      const wantNorms = labels.map((label) => (label === -100 ? 0 : (used?.data[label] ?? 1)));
      const forward = (count: number, reduction: "mean" | "sum" | "none", target: Tensor | null) => {
        const partial = { losses: { ...losses.buffer, size_bytes: count * 4 }, norms: { ...norms.buffer, size_bytes: count * 4 }, count };
        const buffers = { x: x.buffer, targets: targets.buffer, weight: weighted ? weight.buffer : null, faults, dx: target?.buffer ?? null };
        crossEntropyForward(device, buffers, partial, settings, reduction, variant);
      };

      forward(rows, "none", unit);
      crossEntropyBackward(device, { unit: unit.buffer, dy: dy.buffer, dx: dx.buffer }, settings.sizes, "none");
      expectClose(await losses.data(), wantLosses, "reduction");
      expectClose(await norms.data(), wantNorms, "exact");
      expectClose(await dx.data(), gradientReference(values, labels, used, smoothing, cotangent), "gradient");

      // Rows shared out among fewer partial sums; no gradient.
      const count = Math.ceil(rows / 3);
      forward(count, "mean", null);
      const sums = Array.from({ length: count }, (_, k) => wantLosses.reduce((sum, loss, row) => (row % count === k ? sum + loss : sum), 0));
      expectClose((await losses.data()).slice(0, count), sums, "reduction");

      // The gradient of the mean, counted by the kernel itself, and then over the logits.
      const norm = wantNorms.reduce((sum, w) => sum + w, 0);
      const wantMean = gradientReference(values, labels, used, smoothing, nd([rows], () => 1 / norm));
      forward(count, "mean", unit);
      crossEntropyBackward(device, { unit: unit.buffer, dy: dy.buffer, dx: dx.buffer }, settings.sizes, "mean");
      expectClose(await unit.data(), wantMean, "gradient");
      expectClose(await dx.data(), wantMean.map((value) => value * cotangent.data[0]!), "gradient");
      forward(count, "mean", x);
      expectClose(await x.data(), wantMean, "gradient");
      expectClose((await losses.data()).slice(0, count), sums, "reduction");
    }),
  );
});

describe("class losses", () => {
  it("agree: crossEntropy is nllLoss of logSoftmax", async () => {
    const device = await testDevice();
    const random = testRandom(32);
    using x = fromArray(device, Array.from({ length: 35 }, () => random.normal()), { shape: [7, 5] });
    using targets = fromArray(device, drawTargets(7, 5, -100), { dtype: "i32" });
    using fused = crossEntropy(x, targets);
    using composed = scope(() => nllLoss(logSoftmax(x), targets));
    expectClose(await fused.data(), await composed.data(), "reduction");
  });

  it("are NaN, 0 or zeros when every target is ignored, and then have a gradient of zero", () =>
    withoutLeak(async (device) => {
      for (const op of [crossEntropy, nllLoss]) {
        using x = ones(device, [2, 3], { requiresGrad: true });
        using targets = fromArray(device, [-100, -100], { dtype: "i32" });
        using mean = op(x, targets);
        using sum = op(x, targets, { reduction: "sum" });
        using none = op(x, targets, { reduction: "none" });
        expect([await mean.item(), await sum.item(), ...(await none.data())]).toEqual([NaN, 0, 0, 0]);
        backward(mean);
        expect([...(await x.grad!.data())]).toEqual(new Array(6).fill(0));
      }
    }));

  it("take no rows", () =>
    withoutLeak(async (device) => {
      for (const op of [crossEntropy, nllLoss]) {
        using x = zeros(device, [0, 4], { requiresGrad: true });
        using targets = zeros(device, [0], { dtype: "i32" });
        using mean = op(x, targets);
        using none = op(x, targets, { reduction: "none" });
        expect([await mean.item(), none.shape]).toEqual([NaN, [0]]);
        backward(mean);
        expect(x.grad!.shape).toEqual([0, 4]);
      }
    }));

  it.each([3, 4, 130])("show a NaN logit among %i classes in loss and gradient", async (classes) => {
    const device = await testDevice();
    const values = new Array<number>(2 * classes).fill(1);
    values[2] = NaN;
    using x = fromArray(device, values, { shape: [2, classes], requiresGrad: true });
    using targets = fromArray(device, [0, 1], { dtype: "i32" });
    using losses = crossEntropy(x, targets, { reduction: "none" });
    expectClose(await losses.data(), [NaN, Math.log(classes)], "reduction");
    backward(losses, { gradient: ones(device, [2]) });
    const gradient = [...(await x.grad!.data())];
    expect(gradient.slice(0, classes).every(Number.isNaN)).toBe(true);
    expect(gradient.slice(classes).some(Number.isNaN)).toBe(false);
  });

  it("take logits masked by -infinity", async () => {
    const device = await testDevice();
    using x = fromArray(device, [1, -Infinity, 1, 1, 1], { shape: [1, 5], requiresGrad: true });
    using targets = fromArray(device, [3], { dtype: "i32" });
    using loss = crossEntropy(x, targets);
    expectClose(await loss.data(), [Math.log(4)], "reduction");
    backward(loss);
    expectClose(await x.grad!.data(), [0.25, 0, 0.25, -0.75, 0.25], "gradient");
  });

  it("throw at the next read for a target out of range, which counts for nothing", async () => {
    const device = await testDevice();
    for (const [op, name] of [[crossEntropy, "crossEntropy"], [nllLoss, "nllLoss"]] as const) {
      for (const [dtype, wrong] of [["i32", -1], ["i32", 3], ["u32", 4]] as const) {
        using x = fromArray(device, [1, 2, 3, 1, 2, 3], { shape: [2, 3], requiresGrad: true });
        using targets = fromArray(device, [2, wrong], { dtype });
        using loss = op(x, targets, { reduction: "sum" });
        await expect(loss.item()).rejects.toThrow(`${name}: index out of range, got ${wrong} at position 1; use 0 to 2`);
        expect(await loss.item()).toBeLessThan(1);
        backward(loss);
        expect([...(await x.grad!.data())].slice(3)).toEqual([0, 0, 0]);
      }
    }
  });

  it("take two launches forward and none backward, one where the loss was scaled", async () => {
    const device = await testDevice();
    using x = ones(device, [900, 7], { requiresGrad: true });
    using targets = zeros(device, [900], { dtype: "i32" });
    const before = device.queue.counts.dispatches;
    using loss = crossEntropy(x, targets);
    expect(device.queue.counts.dispatches - before).toBe(2);
    backward(loss, { retainGraph: true });
    expect(device.queue.counts.dispatches - before).toBe(2);
    const first = await x.grad!.data();
    x.grad!.dispose();
    x.grad = null;
    using three = fromArray(device, [3], { shape: [] });
    backward(loss, { gradient: three });
    expect(device.queue.counts.dispatches - before).toBe(3);
    expectClose(await x.grad!.data(), first.map((value) => 3 * value), "gradient");
  });

  it("write the gradient over logits that were given up", async () => {
    const device = await testDevice();
    const random = testRandom(33);
    const values = Array.from({ length: 21 * 5 }, () => random.normal());
    using targets = fromArray(device, drawTargets(21, 5, -100), { dtype: "i32" });
    const run = async (overwriteLogits: boolean) => {
      using x = fromArray(device, values, { shape: [21, 5], requiresGrad: true });
      const { loss, logits } = scope(() => {
        const logits = mul(x, 2);
        const loss = crossEntropy(logits, targets, { overwriteLogits, labelSmoothing: 0.1 });
        backward(loss);
        return { loss, logits: logits.detach() };
      });
      const host = { loss: await loss.item(), logits: await logits.data(), gradient: await x.grad!.data() };
      for (const tensor of [loss, logits]) tensor.dispose();
      return host;
    };
    const [kept, overwritten] = [await run(false), await run(true)];
    expect(overwritten.loss).toBe(kept.loss);
    expect([...overwritten.gradient]).toEqual([...kept.gradient]);
    expectClose(overwritten.logits, kept.gradient.map((value) => value / 2), "exact");
    expectClose(kept.logits, values.map((value) => 2 * Math.fround(value)), "exact");
  });

  it("overwrite nothing without a gradient, and nothing that is still needed", async () => {
    const device = await testDevice();
    using targets = zeros(device, [4], { dtype: "i32" });
    using x = ones(device, [4, 3], { requiresGrad: true });
    using constant = ones(device, [4, 3]);
    crossEntropy(constant, targets, { overwriteLogits: true }).dispose();
    noGrad(() => crossEntropy(x, targets, { overwriteLogits: true })).dispose();
    expect([...(await constant.data()), ...(await x.data())]).toEqual(new Array(24).fill(1));
    expect(() => crossEntropy(x, targets, { overwriteLogits: true })).toThrow("crossEntropy: overwriteLogits is for computed logits, got a leaf");
    scope(() => {
      const logits = exp(x);
      const loss = crossEntropy(logits, targets, { overwriteLogits: true });
      expect(() => backward(loss)).toThrow("backward: a tensor that exp saved was changed in place");
    });
  });

  it("refuse what they cannot take", async () => {
    const device = await testDevice();
    using x = zeros(device, [4, 3]);
    using scalar = zeros(device, []);
    using targets = zeros(device, [4], { dtype: "i32" });
    using five = zeros(device, [5], { dtype: "i32" });
    using probabilities = zeros(device, [4, 3]);
    using four = ones(device, [4]);
    using trained = ones(device, [3], { requiresGrad: true });
    using none = zeros(device, [4, 0]);
    for (const [op, name, first] of [[crossEntropy, "crossEntropy", "logits"], [nllLoss, "nllLoss", "logProbs"]] as const) {
      expect(() => op(targets, targets)).toThrow(`${name}: ${first} must be f32 or f16, got i32`);
      expect(() => op(scalar, targets)).toThrow(`${name}: ${first} must have at least 1 dimensions, got []`);
      expect(() => op(x, probabilities)).toThrow(`${name}: targets must be i32 or u32, got f32`);
      expect(() => op(x, five)).toThrow(`${name}: targets must have the shape of ${first} without its classes on axis 1, got ${first} [4, 3] and targets [5]`);
      expect(() => op(x, targets, { classAxis: 2 })).toThrow(`${name}: axis out of range, got 2 for rank 2`);
      expect(() => op(none, targets)).toThrow(`${name}: there are no classes, got ${first} [4, 0]`);
      expect(() => op(x, targets, { weight: four })).toThrow(`${name}: weight must have one value a class, [3], got [4]`);
      expect(() => op(x, targets, { weight: trained })).toThrow(`${name}: weight has no gradient; use detach()`);
      expect(() => op(x, targets, { ignoreIndex: 0.5 })).toThrow(`${name}: ignoreIndex must be a whole number`);
      expect(() => op(x, targets, { reduction: "average" as never })).toThrow(`${name}: reduction must be mean, sum or none, got "average"`);
      expect(() => op(x, targets, { ignore: 1 } as never)).toThrow(`${name}: unknown option "ignore"`);
    }
    expect(() => crossEntropy(x, targets, { labelSmoothing: 1.1 })).toThrow("crossEntropy: labelSmoothing must be a finite number >= 0 and <= 1, got 1.1");
    expect(() => nllLoss(x, targets, { labelSmoothing: 0.1 } as never)).toThrow('nllLoss: unknown option "labelSmoothing"');
  });
});
