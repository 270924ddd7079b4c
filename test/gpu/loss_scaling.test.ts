import { describe, expect, it } from "vitest";
import { capture } from "../../src/capture/index.js";
import { CheckpointError, GradError, UsageError } from "../../src/errors.js";
import type { Device } from "../../src/gpu/device.js";
import { AdamW, SGD, type LossScale, type OptimizerState } from "../../src/optim/index.js";
import * as k from "../../src/ops/index.js";
import { linear } from "../../src/schedule/index.js";
import { backward } from "../../src/tensor/backward.js";
import { scope } from "../../src/tensor/scope.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { testDevice } from "../support/device.js";
import { withoutLeak } from "../support/leak_check.js";
import { testRandom } from "../support/nd.js";

const size = 300;

interface Run {
  weights: Tensor;
  target: Tensor;
  optimizer: AdamW;
  /** A step on a loss whose gradient is `factor` times something that follows the step. */
  step(factor: number): void;
  dispose(): void;
}

function make(device: Device, lossScale: LossScale | null, options: object = {}): Run {
  const random = testRandom(5);
  const weights = k.fromArray(device, Float64Array.from({ length: size }, random.normal), { requiresGrad: true });
  const target = k.fromArray(device, Float64Array.from({ length: size }, random.normal));
  const optimizer = new AdamW([weights], { lr: linear({ from: 0.1, to: 0.01, steps: 40 }), lossScale, ...options });
  return {
    weights,
    target,
    optimizer,
    step: (factor) =>
      scope(() => {
        optimizer.zeroGrad();
        const loss = k.mul(k.mseLoss(weights, target), factor);
        backward(optimizer.scaleLoss(loss));
        optimizer.step();
      }),
    dispose() {
      optimizer.dispose();
      for (const tensor of [weights, target]) tensor.dispose();
    },
  };
}

const bitsOf = async (tensor: Tensor) => [...new Uint32Array((await tensor.data()).buffer)];

/** PyTorch's GradScaler.update, with Kiln's bounds. */
class Reference {
  good = 0;
  constructor(public scale: number, readonly growth = 2, readonly backoff = 0.5, readonly interval = 2000) {}
  update(finite: boolean): void {
    this.good = finite ? this.good + 1 : 0;
    const grows = this.good === this.interval;
    const factor = finite ? (grows ? this.growth : 1) : this.backoff;
    this.scale = Math.min(Math.max(this.scale * factor, 2 ** -24), 2 ** 24);
    if (grows) this.good = 0;
  }
}

describe("loss scaling", () => {
  for (const [name, options] of [["no clipping", {}], ["clipping by norm", { clipNorm: 0.05 }], ["clipping by value", { clipValue: 0.002 }]] as const) {
    it(`changes nothing but the size of the gradients, with ${name}: the same bits, norms and clip scales`, () =>
      withoutLeak(async (device) => {
        const [plain, scaled] = [make(device, null, options), make(device, 1024, options)];
        for (const run of [plain, scaled]) for (let i = 0; i < 6; i++) run.step(1);
        expect(await bitsOf(scaled.weights)).toEqual(await bitsOf(plain.weights));
        expect(await scaled.optimizer.stats()).toEqual({ ...(await plain.optimizer.stats()), lossScale: 1024 });
        const history = await plain.optimizer.history();
        expect(history.map(({ lossScale }) => lossScale)).toEqual([1, 1, 1, 1, 1, 1]);
        expect(await scaled.optimizer.history()).toEqual(history.map((record) => ({ ...record, lossScale: 1024 })));
        plain.dispose();
        scaled.dispose();
      }));
  }

  it("divides by the accumulated passes too", async () => {
    const device = await testDevice();
    const [once, twice] = [make(device, null), make(device, 256)];
    once.step(1);
    for (let pass = 0; pass < 2; pass++) scope(() => backward(twice.optimizer.scaleLoss(k.mseLoss(twice.weights, twice.target))));
    twice.optimizer.step({ accumulated: 2 });
    expect(await bitsOf(twice.weights)).toEqual(await bitsOf(once.weights));
    once.dispose();
    twice.dispose();
  });

  it("moves as PyTorch's GradScaler does: backs off at infinities, grows after good steps, and skipped steps use up nothing", () =>
    withoutLeak(async (device) => {
      const run = make(device, { init: 8, growthInterval: 3 });
      const reference = new Reference(8, 2, 0.5, 3);
      const random = testRandom(11);
      const [scales, taken]: [number[], number[]] = [[], []];
      for (let i = 0; i < 40; i++) {
        const finite = random.uniform() < 0.8;
        const before = await bitsOf(run.weights);
        run.step(finite ? 1 : i % 2 === 0 ? Infinity : NaN);
        if (finite) taken.push(reference.scale);
        reference.update(finite);
        const { lossScale, step, skipped } = await run.optimizer.stats();
        scales.push(lossScale);
        expect([lossScale, step, skipped], `after step ${i}`).toEqual([reference.scale, taken.length, i + 1 - taken.length]);
        const after = await bitsOf(run.weights);
        if (finite) expect(after).not.toEqual(before);
        else expect(after).toEqual(before);
      }
      expect(new Set(scales).size).toBeGreaterThan(4);
      const history = await run.optimizer.history();
      expect(history.map(({ lossScale }) => lossScale)).toEqual(taken);
      expect(history.map(({ step }) => step)).toEqual(taken.map((_, i) => i));
      expect(history.map(({ lr }) => lr[0])).toEqual(taken.map((_, i) => Math.fround(0.1 - (0.09 * i) / 40)));
      run.dispose();
    }));

  it("has PyTorch's defaults, and stays in its bounds", async () => {
    const device = await testDevice();
    const dynamic = make(device, "dynamic");
    expect((await dynamic.optimizer.stats()).lossScale).toBe(65536);
    expect((await dynamic.optimizer.stateDict()).lossScale).toEqual({ scale: 65536, goodSteps: 0, growthFactor: 2, backoffFactor: 0.5, growthInterval: 2000 });
    dynamic.step(Infinity);
    expect((await dynamic.optimizer.stats()).lossScale).toBe(32768);
    dynamic.dispose();

    const low = make(device, { init: 2 ** -22, backoffFactor: 0.1 });
    for (let i = 0; i < 4; i++) low.step(NaN);
    expect((await low.optimizer.stats()).lossScale).toBe(2 ** -24);
    low.dispose();
    const high = make(device, { init: 2 ** 23, growthInterval: 1, growthFactor: 3 });
    for (let i = 0; i < 4; i++) high.step(1e-6);
    expect((await high.optimizer.stats()).lossScale).toBe(2 ** 24);
    high.dispose();
  });

  it("recovers from a scale that overflows every gradient", async () => {
    const device = await testDevice();
    const run = make(device, { init: 2 ** 20, growthInterval: 5 });
    // The squares of the gradients add up to about 2^104: a scale above 2^12 takes them out of f32.
    for (let i = 0; i < 20; i++) run.step(2 ** 55);
    const { step, skipped, lossScale } = await run.optimizer.stats();
    expect(skipped).toBeGreaterThan(4);
    expect(step).toBe(20 - skipped);
    expect(step).toBeGreaterThan(6);
    expect(lossScale).toBeLessThan(2 ** 14);
    for (const { gradNorm } of await run.optimizer.history()) expect(gradNorm).toBeGreaterThan(2 ** 40);
    expect([...(await run.weights.data())].every(Number.isFinite)).toBe(true);
    run.dispose();
  });

  it("keeps a scale that is a number, and skips all the same", async () => {
    const run = make(await testDevice(), 100);
    for (const factor of [1, Infinity, 1]) run.step(factor);
    const { lossScale, step, skipped } = await run.optimizer.stats();
    expect([lossScale, step, skipped]).toEqual([100, 2, 1]);
    run.dispose();
  });

  it("is off by default: the loss itself, a scale of 1", async () => {
    const device = await testDevice();
    using w = k.ones(device, [2], { requiresGrad: true });
    using optimizer = new SGD([w], { lr: 0.1 });
    using loss = k.sum(w);
    expect(optimizer.scaleLoss(loss)).toBe(loss);
    expect((await optimizer.stats()).lossScale).toBe(1);
    expect((await optimizer.stateDict()).lossScale).toBeNull();
  });

  it("goes on from a saved state bit for bit, counts of good steps included", () =>
    withoutLeak(async (device) => {
      const factors = [1, 1, Infinity, 1, 1, 1, 1, 1, NaN, 1, 1, 1];
      const whole = make(device, { init: 64, growthInterval: 4 });
      for (const factor of factors) whole.step(factor);
      const first = make(device, { init: 64, growthInterval: 4 });
      for (const factor of factors.slice(0, 6)) first.step(factor);
      const state = JSON.parse(JSON.stringify(await first.optimizer.stateDict(), (_, value: unknown) => (value instanceof Float32Array ? [...value] : value))) as OptimizerState;
      for (const [name, arrays] of Object.entries(state.moments)) state.moments[name] = arrays.map((array) => Float32Array.from(array));
      expect(state.lossScale).toEqual({ scale: 32, goodSteps: 3, growthFactor: 2, backoffFactor: 0.5, growthInterval: 4 });
      // Whatever it was made with: the state's rule holds.
      const second = make(device, null);
      second.weights.set(await first.weights.data());
      second.optimizer.loadStateDict(state);
      expect((await second.optimizer.stats()).lossScale).toBe(32);
      for (const factor of factors.slice(6)) second.step(factor);
      expect(await bitsOf(second.weights)).toEqual(await bitsOf(whole.weights));
      expect(await second.optimizer.stateDict()).toEqual(await whole.optimizer.stateDict());
      for (const run of [whole, first, second]) run.dispose();
    }));

  it("starts anew from a state without one, and refuses a state that makes no sense", async () => {
    const run = make(await testDevice(), { init: 16 });
    run.step(Infinity);
    const { lossScale, ...old } = await run.optimizer.stateDict();
    expect(lossScale!.scale).toBe(8);
    run.optimizer.loadStateDict(old);
    expect((await run.optimizer.stats()).lossScale).toBe(16);
    for (const wrong of [{ scale: -1 }, { scale: Infinity }, { goodSteps: 0.5 }, { backoffFactor: 2 }, { growthInterval: 0 }]) {
      expect(() => run.optimizer.loadStateDict({ ...old, lossScale: { ...lossScale!, ...wrong } })).toThrow(CheckpointError);
    }
    run.dispose();
  });

  it("comes back with a snapshot", async () => {
    const run = make(await testDevice(), { init: 64, growthInterval: 2 });
    for (const factor of [1, Infinity, 1]) run.step(factor);
    const before = await run.optimizer.stateDict();
    const snapshot = run.optimizer.snapshot();
    for (const factor of [1, 1, NaN]) run.step(factor);
    expect(await run.optimizer.stateDict()).not.toEqual(before);
    snapshot.restore();
    expect(await run.optimizer.stateDict()).toEqual(before);
    snapshot.dispose();
    run.dispose();
  });

  it("works in a captured step, which decides nothing on the host", async () => {
    const device = await testDevice();
    const factors = [1, 1, Infinity, 1, NaN, 1, 1, 1];
    const eager = make(device, { init: 32, growthInterval: 2 });
    for (const factor of factors) eager.step(factor);
    const run = make(device, { init: 32, growthInterval: 2 });
    const step = capture(device, ({ factor }: { factor: Tensor }) => {
      run.optimizer.zeroGrad();
      backward(run.optimizer.scaleLoss(k.mul(k.mseLoss(run.weights, run.target), factor)));
      run.optimizer.step();
    });
    for (const factor of factors) scope(() => step({ factor: k.fromArray(device, [factor], { shape: [] }) }));
    expect(await bitsOf(run.weights)).toEqual(await bitsOf(eager.weights));
    expect(await run.optimizer.stateDict()).toEqual(await eager.optimizer.stateDict());
    step.dispose();
    run.dispose();
    eager.dispose();
  });

  it("notices a tape that saved an older scale", async () => {
    const run = make(await testDevice(), 8);
    run.step(1);
    using loss = run.optimizer.scaleLoss(k.sum(run.weights));
    run.step(1);
    expect(() => backward(loss)).toThrow(GradError);
    run.dispose();
  });

  it("refuses options that make no sense", async () => {
    const device = await testDevice();
    using w = k.ones(device, [2], { requiresGrad: true });
    const refuse = (lossScale: unknown, message: string) => {
      expect(() => new SGD([w], { lossScale: lossScale as LossScale })).toThrow(UsageError);
      expect(() => new SGD([w], { lossScale: lossScale as LossScale })).toThrow(message);
    };
    refuse("auto", 'SGD: lossScale must be "dynamic", a number, null or { init, growthFactor, backoffFactor, growthInterval }, got "auto"');
    refuse(0, "SGD: lossScale must be a finite number >= 5.960464477539063e-8 and <= 16777216, got 0");
    refuse({ growth: 2 }, 'SGD: lossScale: unknown option "growth"');
    refuse({ growthFactor: 0.5 }, "growthFactor must be a finite number >= 1");
    refuse({ backoffFactor: 0 }, "backoffFactor must be a finite number > 0 and <= 1");
    refuse({ growthInterval: 0.5 }, "growthInterval must be a whole number >= 1");
    refuse({ init: 2 ** 30 }, "the scale must be a finite number");
  });
});
