// What single algorithms promise beyond their trajectory.
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.js";
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
    const counts = [...Array.from({ length: 40 }, (_, i) => i + 1), 50, 63, 100, 333, 1000, 4096, 10000, 99999];
    const params = counts.map(() => leaf(device, [0]));
    const optimizer = new RAdam(params, { lr: 1, betas: [0, beta2], eps: 0 });
    const state = await optimizer.stateDict();
    state.moments.v = counts.map(() => Float32Array.of(4));
    optimizer.loadStateDict({ ...state, parameterSteps: counts.map((t) => t - 1) });
    for (const param of params) giveGradient(param, [-2]);
    optimizer.step();
    for (const [i, t] of counts.entries()) {
      const [moved] = await params[i]!.data();
      const factor = rectificationOf(t, beta2);
      // m = -2 and v = 4, so without rectification the step is 2, with it factor * sqrt(1 - beta2^t).
      const want = factor === 0 ? 2 : factor * Math.sqrt(-Math.expm1(t * Math.log(beta2)));
      expect(Math.abs(moved! / want - 1), `t = ${t}: ${moved} for ${want}`).toBeLessThan(3e-6);
    }
  });
});

describe("gradients at the edge of f32", () => {
  it.each(Object.entries(makers))("%s: zeros, and values whose squares underflow, leave no NaN", async (_, make) => {
    const device = await testDevice();
    const params = [leaf(device, [1, 2, 3, 4]), leaf(device, [1])];
    const optimizer = make(params, 1e-3);
    for (let t = 0; t < 5; t++) {
      giveGradient(params[0]!, [0, 2 ** -70, -(2 ** -100), 2 ** -126]);
      giveGradient(params[1]!, [0]);
      optimizer.step();
    }
    for (const param of params) for (const value of await param.data()) expect(Number.isFinite(value)).toBe(true);
  });
});

describe("options that make no sense", () => {
  const cases: [new (params: Tensor[], options: never) => unknown, object, string][] = [
    [Adam, { amsgrad: 1 }, "Adam: amsgrad must be true or false, got 1"],
    [AdamW, { biasCorrection: "no" }, "AdamW: biasCorrection must be true or false, got no"],
    [GIAdam, { betas: [0.9, 1] }, "GIAdam: betas[1] must be a finite number >= 0 and < 1, got 1"],
    [SGD, { decoupledWeightDecay: 1 }, "SGD: decoupledWeightDecay must be true or false"],
    [Lion, { betas: [1, 0.9] }, "Lion: betas[0] must be"],
    [Lion, { eps: 1e-8 }, 'Lion: unknown option "eps"'],
    [Adagrad, { lrDecay: -1 }, "Adagrad: lrDecay must be a finite number >= 0, got -1"],
    [Adagrad, { initialAccumulatorValue: -0.1 }, "Adagrad: initialAccumulatorValue must be"],
    [Adagrad, { eps: NaN }, "Adagrad: eps must be"],
    [RMSprop, { alpha: 1.1 }, "RMSprop: alpha must be a finite number >= 0 and <= 1, got 1.1"],
    [RMSprop, { momentum: -1 }, "RMSprop: momentum must be"],
    [RMSprop, { centered: null }, "RMSprop: centered must be true or false, got null"],
    [RAdam, { betas: 0.9 }, "RAdam: betas must be two numbers, got 0.9"],
    [RAdam, { decoupledWeightDecay: "x" }, "RAdam: decoupledWeightDecay must be true or false"],
    [Lion, { maximize: 0 }, "Lion: maximize must be true or false, got 0"],
    [RAdam, { frozen: "yes" }, "RAdam: frozen must be true or false, got yes"],
  ];
  it.each(cases.map(([Make, options, message]) => [message, Make, options] as const))("%s", async (message, Make, options) => {
    const device = await testDevice();
    const param = leaf(device, [1]);
    const make = () => new Make([param], options as never);
    expect(make).toThrow(UsageError);
    expect(make).toThrow(message);
    expect(param.gradSlot).toBeNull();
  });

  it("defaults are PyTorch's", async () => {
    const device = await testDevice();
    const optionsOf = (Make: new (params: Tensor[]) => Optimizer) => new Make([leaf(device, [1])]).paramGroups[0]!.options;
    expect(optionsOf(Adagrad as never)).toMatchObject({ lr: 0.01, lrDecay: 0, weightDecay: 0, initialAccumulatorValue: 0, eps: 1e-10 });
    expect(optionsOf(RMSprop as never)).toMatchObject({ lr: 0.01, alpha: 0.99, eps: 1e-8, weightDecay: 0, momentum: 0, centered: false });
    expect(optionsOf(RAdam as never)).toMatchObject({ lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, decoupledWeightDecay: false });
    expect(optionsOf(SGD as never)).toMatchObject({ lr: 1e-3, momentum: 0, dampening: 0, weightDecay: 0, nesterov: false, maximize: false });
    expect(optionsOf(Adam as never)).toMatchObject({ lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, amsgrad: false, maximize: false });
    expect(optionsOf(AdamW as never)).toMatchObject({ lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0.01, amsgrad: false });
    expect(optionsOf(Lion as never)).toMatchObject({ lr: 1e-4, betas: [0.9, 0.99], weightDecay: 0 });
  });
});
