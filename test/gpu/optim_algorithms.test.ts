// What single algorithms promise beyond their trajectory.
import { describe, expect, it } from "vitest";
import type { Device } from "../../src/gpu/device.js";
import { fromArray } from "../../src/ops/index.js";
import { Adagrad, Adam, AdamW, GIAdam, Lion, RAdam, RMSprop, SGD, type Optimizer } from "../../src/optim/index.js";
import { cosine, warmup } from "../../src/schedule/index.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { testDevice } from "../support/device.js";
import { testRandom } from "../support/nd.js";
import { giveGradient } from "../support/optim_gradients.js";

const leaf = (device: Device, values: ArrayLike<number>) => fromArray(device, Float32Array.from(values), { requiresGrad: true });
const drawn = (seed: number, size: number) => {
  const random = testRandom(seed);
  return Float32Array.from({ length: size }, () => random.normal());
};

/** Every class with all of its options on, where they go together. */
const makers: Record<string, (params: Tensor[], lr: NonNullable<ConstructorParameters<typeof Adam>[1]>["lr"]) => Optimizer> = {
  SGD: (params, lr) => new SGD([{ params: params.slice(0, 1), momentum: 0.9, nesterov: true }, { params: params.slice(1), decoupledWeightDecay: true, weightDecay: 0.1 }], { lr: lr! }) as unknown as Optimizer,
  Adam: (params, lr) => new Adam(params, { lr: lr!, biasCorrection: false, weightDecay: 0.1 }) as unknown as Optimizer,
  "AdamW with AMSGrad": (params, lr) => new AdamW([{ params: params.slice(0, 1), amsgrad: true }, { params: params.slice(1) }], { lr: lr!, clipNorm: 20 }) as unknown as Optimizer,
  GIAdam: (params, lr) => new GIAdam(params, { lr: lr!, weightDecay: 0.1, emaDecay: 0.9 }) as unknown as Optimizer,
  Adagrad: (params, lr) => new Adagrad(params, { lr: lr!, lrDecay: 0.1, initialAccumulatorValue: 0.3 }) as unknown as Optimizer,
  "RMSprop, centered with momentum": (params, lr) => new RMSprop(params, { lr: lr!, centered: true, momentum: 0.9, clipValue: 1 }) as unknown as Optimizer,
  RMSprop: (params, lr) => new RMSprop(params, { lr: lr! }) as unknown as Optimizer,
  Lion: (params, lr) => new Lion(params, { lr: lr!, weightDecay: 0.1, maximize: true }) as unknown as Optimizer,
  RAdam: (params, lr) => new RAdam(params, { lr: lr!, decoupledWeightDecay: true, weightDecay: 0.1 }) as unknown as Optimizer,
};

describe("state saved and loaded in the middle of a run", () => {
  it.each(Object.entries(makers))("%s goes on bit for bit", async (_, make) => {
    const device = await testDevice();
    const lr = warmup({ steps: 7, to: 1e-2 }).then(cosine({ steps: 20 }));
    const sizes = [300, 5];
    const step = (params: Tensor[], optimizer: Optimizer, t: number) => {
      optimizer.zeroGrad();
      params.forEach((param, i) => {
        const gradient = drawn(100 * t + i, param.size);
        if (t % 6 === 4) gradient[0] = NaN;
        if ((t + i) % 4 !== 0) giveGradient(param, gradient);
      });
      optimizer.step();
    };
    const params = sizes.map((size, i) => leaf(device, drawn(i, size)));
    const optimizer = make(params, lr);
    for (let t = 0; t < 11; t++) step(params, optimizer, t);
    const { moments, ...plain } = await optimizer.stateDict();
    const copy = await Promise.all(params.map(async (param) => leaf(device, await param.data())));
    const other = make(copy, 0.5);
    other.loadStateDict({ ...(JSON.parse(JSON.stringify(plain)) as typeof plain), moments });
    for (let t = 11; t < 25; t++) {
      step(params, optimizer, t);
      step(copy, other, t);
    }
    for (const [i, param] of params.entries()) expect(await copy[i]!.data()).toEqual(await param.data());
    expect(await other.stateDict()).toEqual(await optimizer.stateDict());
  });
});

describe("GIAdam", () => {
  it.each([0.99, 0.999, 0.9999])("moves as Adam at lr * sqrt(1 - beta2^t) under a constant gradient, beta2 = %f", async (beta2) => {
    const device = await testDevice();
    const gradient = [1e-3, 0.5, -30, 2 ** -20];
    const param = leaf(device, [0, 0, 0, 0]);
    const optimizer = new GIAdam([param], { lr: 1, betas: [0.9, beta2], eps: 0 });
    for (let t = 1; t <= 200; t++) {
      param.set([0, 0, 0, 0]); // the step itself, not its sum
      giveGradient(param, gradient);
      optimizer.step();
      if (t > 5 && t % 20 > 0) continue;
      const want = Math.sqrt(1 - beta2 ** t);
      (await param.data()).forEach((moved, i) => expect(Math.abs(-Math.sign(gradient[i]!) * moved / want - 1), `t = ${t}, element ${i}`).toBeLessThan(2e-6));
    }
  });
});

describe("RAdam", () => {
  /** float64, as in the paper. */
  const rectificationOf = (t: number, beta2: number) => {
    const longest = 2 / (1 - beta2) - 1;
    const length = longest - (2 * t * beta2 ** t) / -Math.expm1(t * Math.log(beta2));
    return length <= 5 ? 0 : Math.sqrt(((length - 4) * (length - 2) * longest) / ((longest - 4) * (longest - 2) * length));
  };

  it.each([0.5, 0.9, 0.99, 0.999, 0.9999])("decides and rectifies as float64 does at every step count, beta2 = %f", async (beta2) => {
    const device = await testDevice();
    // Every count to 300, then 100 more to 1e5.
    const counts = [...Array.from({ length: 300 }, (_, i) => i + 1), ...Array.from({ length: 100 }, (_, i) => Math.round(300 * (1e5 / 300) ** ((i + 1) / 100)))];
    const params = counts.map(() => leaf(device, [0]));
    const optimizer = new RAdam(params, { lr: 1, betas: [0, beta2], eps: 0 });
    const state = await optimizer.stateDict();
    state.moments.v = counts.map(() => Float32Array.of(4));
    optimizer.loadStateDict({ ...state, parameterSteps: counts.map((t) => t - 1) });
    for (const param of params) giveGradient(param, [-2]);
    optimizer.step();
    const moves = await Promise.all(params.map((param) => param.item()));
    for (const [i, t] of counts.entries()) {
      const moved = moves[i]!;
      const factor = rectificationOf(t, beta2);
      // m = -2 and v = 4, so without rectification the step is 2, with it factor * sqrt(1 - beta2^t).
      const want = factor === 0 ? 2 : factor * Math.sqrt(-Math.expm1(t * Math.log(beta2)));
      expect(Math.abs(moved / want - 1), `t = ${t}: ${moved} for ${want}`).toBeLessThan(1e-6);
    }
  });
});

describe("RMSprop, centered", () => {
  it("counts a variance that rounding made negative as 0", async () => {
    const device = await testDevice();
    const params = [leaf(device, [1, 1]), leaf(device, [1, 1])];
    const optimizer = new RMSprop([{ params: params.slice(0, 1) }, { params: params.slice(1), momentum: 0.5 }], { lr: 0.5, alpha: 1, centered: true, eps: 0.25 });
    const state = await optimizer.stateDict();
    const fill = (value: number) => params.map(() => new Float32Array(2).fill(value));
    // With alpha = 1 both stay as they are.
    optimizer.loadStateDict({ ...state, moments: { ...state.moments, square: fill(1 - 2 ** -23), average: fill(1) } });
    for (const param of params) giveGradient(param, [1, -0.5]);
    optimizer.step();
    for (const param of params) expect([...(await param.data())]).toEqual([-1, 2]);
  });

  it("a constant gradient, whose variance goes to 0, leaves no NaN", async () => {
    const device = await testDevice();
    const param = leaf(device, [0, 0, 0, 0]);
    const optimizer = new RMSprop([param], { lr: 1e-3, alpha: 0.5, centered: true });
    for (let t = 0; t < 200; t++) {
      giveGradient(param, [1 / 3, -0.1, 1e-3, 2 ** -20 / 3]);
      optimizer.step();
    }
    for (const value of await param.data()) expect(Number.isFinite(value)).toBe(true);
  });
});

describe("Lion", () => {
  it("stands still where momentum and gradient are 0, but for the decay", async () => {
    const device = await testDevice();
    const param = leaf(device, [4, -2, 1, 1, 1]);
    const optimizer = new Lion([param], { lr: 0.25, weightDecay: 0.5 });
    giveGradient(param, [0, -0, 0, 2 ** -100, -1000]);
    optimizer.step();
    expect([...(await param.data())]).toEqual([3.5, -1.75, 0.875, 0.625, 1.125]);
  });
});

describe("AMSGrad", () => {
  it("never lets its divisor fall: after a spike the steps stay small", async () => {
    const device = await testDevice();
    const params = [leaf(device, [0]), leaf(device, [0])];
    const optimizer = new Adam([{ params: params.slice(0, 1), amsgrad: true }, { params: params.slice(1) }], { lr: 1, betas: [0, 0.5], eps: 0, biasCorrection: false });
    const moves: number[][] = [];
    for (const gradient of [8, 1, 1, 1, 1, 1, 1, 1]) {
      params.forEach((param) => (param.set([0]), giveGradient(param, [gradient])));
      optimizer.step();
      moves.push(await Promise.all(params.map((param) => param.item())));
    }
    const highest = Math.sqrt(0.5 * 64);
    moves.slice(1).forEach(([kept, forgot], i) => {
      expect(kept).toBeCloseTo(-1 / highest, 6);
      expect(forgot).toBeCloseTo(-1 / Math.sqrt(1 - 0.5 ** (i + 1) + 32 * 0.5 ** (i + 1)), 6);
    });
  });
});

describe("gradients at the edge of f32", () => {
  it.each(Object.entries(makers))("%s: zeros, and values whose squares underflow, move nothing by more than a few rates", async (_, make) => {
    const device = await testDevice();
    const start = [[1, 2, 3, 4, 5, 6], [1]];
    const params = start.map((values) => leaf(device, values));
    const optimizer = make(params, 1e-3);
    for (let t = 0; t < 5; t++) {
      giveGradient(params[0]!, [0, 2 ** -63, 2 ** -70, -(2 ** -75), -(2 ** -100), 2 ** -126]);
      giveGradient(params[1]!, [0]);
      optimizer.step();
    }
    // Lion moves by lr a step, and Adam's decay in the gradient without bias correction by up to 7 lr; an explosion would be of 1e5.
    for (const [i, param] of params.entries()) (await param.data()).forEach((value, k) => expect(Math.abs(value - start[i]![k]!)).toBeLessThan(0.05));
  });
});
