// Options of the algorithms that make no sense, at once or at a step to come; their defaults.
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.js";
import type { Device } from "../../src/gpu/device.js";
import { fromArray } from "../../src/ops/index.js";
import { Adagrad, Adam, AdamW, GIAdam, Lion, RAdam, RMSprop, SGD, type Optimizer } from "../../src/optim/index.js";
import { linear } from "../../src/schedule/index.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { testDevice } from "../support/device.js";

const leaf = (device: Device, values: ArrayLike<number>) => fromArray(device, Float32Array.from(values), { requiresGrad: true });

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
    [GIAdam, { eps: -1 }, "GIAdam: eps must be a finite number >= 0, got -1"],
    [RAdam, { eps: -1 }, "RAdam: eps must be a finite number >= 0, got -1"],
    [RMSprop, { eps: Infinity }, "RMSprop: eps must be a finite number >= 0, got Infinity"],
    [RMSprop, { alpha: linear({ from: 0.5, to: 1.5, steps: 8 }) }, "RMSprop: alpha must be a finite number >= 0 and <= 1, got 1.125 at step 5"],
    [Lion, { betas: [0.9, linear({ from: 0.5, to: 1, steps: 10 })] }, "Lion: betas[1] must be a finite number >= 0 and < 1, got 1 at step 10"],
    [RAdam, { betas: [linear({ from: 0, to: -1, steps: 10 }), 0.9] }, "RAdam: betas[0] must be a finite number >= 0 and < 1, got -0.1 at step 1"],
    [Adagrad, { lrDecay: linear({ from: 1, to: -1, steps: 4 }) }, "Adagrad: lrDecay must be a finite number >= 0, got -0.5 at step 3"],
    [SGD, { momentum: linear({ from: 0.9, to: 0, steps: 9 }), nesterov: true }, "SGD: nesterov needs momentum > 0 and dampening 0, got momentum 0 and dampening 0 at step 9"],
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
