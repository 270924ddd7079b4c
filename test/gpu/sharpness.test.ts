import { describe, expect, it } from "vitest";
import { add, mul, sum } from "../../src/ops/index.js";
import { Adagrad, Adam, AdamW, Lion, RMSprop, SGD, type Optimizer } from "../../src/optim/index.js";
import { scope } from "../../src/tensor/scope.js";
import { backward } from "../../src/tensor/backward.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { sharpness } from "../../src/tune/sharpness.js";
import { testDevice } from "../support/device.js";
import { withoutLeak } from "../support/leak_check.js";
import { quadratic, type Quadratic } from "../support/quadratic.js";

const spread = (n: number, from: number, to: number) => Array.from({ length: n }, (_, i) => from + ((to - from) * i) / Math.max(1, n - 1));

const spectra: Record<string, number[]> = {
  "one parameter": [3],
  "500 parameters with an outlier": [...spread(499, 0, 1), 40],
  "a top three times over": [...spread(40, 0, 5), 10, 10, 10],
  "a clustered top": [...spread(60, 0, 9), 9.9, 9.95, 10],
  "a negative end larger in size": [...spread(50, -50, 4), 10],
  "a tiny scale": [...spread(30, 0, 1e-5), 1e-4],
  "a huge scale": [...spread(30, 0, 1e5), 1e6],
};

/** Real training: the parameters' size after the steps, or when it passed 1. Adam's scaling would grow with it and stop it. */
async function sizeAfter(loss: () => Tensor, optimizer: Optimizer): Promise<number> {
  let size = 0;
  for (let t = 1; t <= 1200 && size < 1; t++) {
    scope(() => {
      optimizer.zeroGrad();
      backward(loss());
      optimizer.step();
    });
    if (t % 25 === 0) size = Math.hypot(...(await Promise.all(optimizer.parameters.map((x) => x.data()))).flatMap((values) => [...values]));
  }
  return size;
}

async function shrink({ x }: Quadratic): Promise<void> {
  x.set((await x.data()).map((value) => value * 1e-3));
}

describe("sharpness of a quadratic", () => {
  it.each(Object.entries(spectra))("%s: within 1%, and within its own error", async (_, eigenvalues) => {
    await withoutLeak(async (device) => {
      const problem = quadratic(device, eigenvalues);
      const optimizer = new SGD([problem.x], { lr: 1e-3 });
      const want = Math.max(...eigenvalues);
      const result = await sharpness({ optimizer, loss: problem.loss });
      expect(result.converged).toBe(true);
      expect(Math.abs(result.lambdaMax - want)).toBeLessThan(0.01 * want);
      const nearest = Math.min(...eigenvalues.map((value) => Math.abs(value - result.lambdaMax)));
      expect(nearest).toBeLessThan(result.error + 1e-4 * want);
      expect(result.stableRate).toBeCloseTo(2 / result.lambdaMax, 12);
      expect(result.lambdaMin).toBeGreaterThan(Math.min(...eigenvalues) - 0.01 * Math.max(...eigenvalues.map(Math.abs)));
      optimizer.dispose();
      problem.dispose();
    });
  });

  it("power iteration agrees", async () => {
    const device = await testDevice();
    const problem = quadratic(device, [...spread(50, -50, 4), 10]);
    const target = { optimizer: new SGD([problem.x]), loss: problem.loss };
    const [lanczos, power] = [await sharpness(target), await sharpness(target, { method: "power", iterations: 400 })];
    expect(power.converged).toBe(true);
    expect(power.lambdaMax).toBeCloseTo(lanczos.lambdaMax, 1);
    expect(power.lambdaMin).toBeCloseTo(-50, 0);
    expect(power.iterations).toBeGreaterThan(lanczos.iterations);
  });

  it("of negative curvature only, no rate is too large", async () => {
    const device = await testDevice();
    const problem = quadratic(device, spread(20, -5, -1));
    const result = await sharpness({ optimizer: new SGD([problem.x], { lr: 1000 }), loss: problem.loss });
    expect(result.lambdaMax).toBeCloseTo(-1, 1);
    expect(result).toMatchObject({ stableRate: Infinity, share: 0, verdict: "inside" });
  });

  it("says where the rate stands: inside, at, past the edge", async () => {
    const device = await testDevice();
    const problem = quadratic(device, [1, 2, 8]);
    for (const [lr, verdict] of [[0.2, "inside"], [0.25, "at"], [0.3, "past"]] as const) {
      const optimizer = new SGD([problem.x], { lr });
      const result = await sharpness({ optimizer, loss: problem.loss });
      expect(result).toMatchObject({ verdict, rates: [lr], threshold: 2 });
      expect(result.share).toBeCloseTo(lr / 0.25, 2);
      optimizer.dispose();
    }
  });
});

// The claim behind the numbers, with the real optimizers: stable 1% below the threshold, unstable 1% above.
describe("training is stable below the threshold that sharpness gives, and not above", () => {
  const eigenvalues = [...spread(30, 0.5, 5), 20];
  const make: Record<string, (problem: Quadratic, lr: number) => Optimizer> = {
    "gradient descent": ({ x }, lr) => new SGD([x], { lr }),
    "heavy ball": ({ x }, lr) => new SGD([x], { lr, momentum: 0.9 }),
    "Nesterov's momentum": ({ x }, lr) => new SGD([x], { lr, momentum: 0.9, nesterov: true }),
    "momentum with dampening": ({ x }, lr) => new SGD([x], { lr, momentum: 0.8, dampening: 0.5 }),
    "coupled weight decay": ({ x }, lr) => new SGD([x], { lr, weightDecay: 7 }),
    // With beta2 = 1 - 2^-24 and v set by the test, Adam's scaling stands still: a linear recurrence.
    "Adam with its scaling frozen": ({ x }, lr) => new Adam([x], { lr, betas: [0.9, 1 - 2 ** -24], eps: 1 }),
    "AdamW with its scaling frozen": ({ x }, lr) => new AdamW([x], { lr, betas: [0.5, 1 - 2 ** -24], eps: 1, weightDecay: 0 }),
    "RMSprop with its scaling frozen": ({ x }, lr) => new RMSprop([x], { lr, alpha: 1, eps: 1, momentum: 0.5 }),
    "Adagrad with its scaling frozen": ({ x }, lr) => new Adagrad([x], { lr, eps: 1, weightDecay: 3 }),
  };

  it.each(Object.keys(make))("%s", async (name) => {
    const device = await testDevice();
    const sizes: number[] = [];
    let rate = 1e-4;
    for (const factor of [1, 0.99, 1.01]) {
      const problem = quadratic(device, eigenvalues);
      await shrink(problem);
      const optimizer = make[name]!(problem, rate * factor);
      if (name.includes("frozen")) {
        // Many steps behind it, so that the corrections are 1, and P a different number for each element.
        const state = await optimizer.stateDict();
        const squares = state.moments.v ?? state.moments.square ?? state.moments.sum;
        // An Adagrad sum so large that these steps add nothing to it.
        const scale = state.moments.sum ? 1e10 : 0.058;
        squares![0]!.forEach((_, i, v) => (v[i] = (0.5 + (i % 3)) ** 2 * scale));
        optimizer.loadStateDict({ ...state, step: 1e6, parameterSteps: [1e6] });
      }
      if (factor === 1) {
        const { stableRate, converged, preconditioned } = await sharpness({ optimizer, loss: problem.loss }, { tolerance: 1e-3 });
        expect(converged).toBe(true);
        expect(preconditioned).toBe(name.includes("frozen"));
        rate = stableRate!;
      } else sizes.push(await sizeAfter(problem.loss, optimizer));
      optimizer.dispose();
      problem.dispose();
    }
    expect(sizes[0]).toBeLessThan(1e-3);
    expect(sizes[1]).toBeGreaterThan(1);
  });

  it("where every step is clipped, Adam's scaling and the Hessian shrink alike", async () => {
    const device = await testDevice();
    const edges: number[] = [];
    for (const clipNorm of [1e6, 0.5]) {
      const problem = quadratic(device, eigenvalues);
      // A slope so steep that all gradients are about equally long.
      const loss = () => add(problem.loss(), mul(sum(problem.x), 500));
      const optimizer = new AdamW([problem.x], { lr: 1e-4, betas: [0.9, 0.9], eps: 1e-12, clipNorm });
      for (let t = 0; t < 60; t++)
        scope(() => {
          optimizer.zeroGrad();
          backward(loss());
          optimizer.step();
        });
      edges.push((await sharpness({ optimizer, loss })).stableRate!);
      problem.dispose();
      optimizer.dispose();
    }
    expect(edges[1]! / edges[0]!).toBeCloseTo(1, 1);
  });

  it("knows no rule for Lion, whose steps are as long whatever the gradient", async () => {
    const device = await testDevice();
    const problem = quadratic(device, [1, 2, 8]);
    const result = await sharpness({ optimizer: new Lion([problem.x]), loss: problem.loss });
    expect(result).toMatchObject({ preconditioned: false, threshold: null, stableRate: null, share: null, verdict: "unknown" });
    expect(result.lambdaMax).toBeCloseTo(8, 1);
  });

  it("groups with rates of their own: the leading group's edge is where training turns", async () => {
    const device = await testDevice();
    const sizes: number[] = [];
    let scale = 1e-4;
    for (const factor of [1, 0.99, 1.01]) {
      const [first, second] = [quadratic(device, [1, 2, 3], 1), quadratic(device, [1, 30], 2)];
      await shrink(first);
      await shrink(second);
      const lr = scale * factor;
      const optimizer = new SGD([{ params: [first.x], lr, momentum: 0.9 }, { params: [second.x], lr: lr / 4 }]);
      const loss = () => add(first.loss(), second.loss());
      if (factor === 1) {
        const result = await sharpness({ optimizer, loss }, { tolerance: 1e-3 });
        // Stable: 3 lr < 3.8 and 30 lr / 4 < 2; the second is the tighter.
        expect(result.threshold).toBeCloseTo(3.8, 10);
        expect(result.stableRate! / (8 / 30)).toBeCloseTo(1, 2);
        scale = result.stableRate!;
      } else sizes.push(await sizeAfter(loss, optimizer));
      optimizer.dispose();
    }
    expect(sizes[0]).toBeLessThan(1e-3);
    expect(sizes[1]).toBeGreaterThan(1);
  });
});
