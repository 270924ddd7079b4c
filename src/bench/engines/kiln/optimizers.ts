// Kiln's optimizer step in three ways: whole model, one optimizer a tensor, arithmetic by ops.
import type { Device } from "../../../gpu/device.js";
import { add, div, fromArray, mul, sqrt, sub } from "../../../ops/index.js";
import { Adam, AdamW, SGD, type Optimizer } from "../../../optim/index.js";
import { lambda } from "../../../schedule/index.js";
import { backward } from "../../../tensor/backward.js";
import { scope } from "../../../tensor/scope.js";
import { noGrad } from "../../../tensor/tape.js";
import type { Tensor } from "../../../tensor/tensor.js";
import type { Contender } from "../../engine.js";
import { betas, eps, initialValues, momentum, rateAt, weightDecay, type OptimizerSpec } from "../../specs/optimizers.js";

/** Kiln's own optimizers: one over all tensors, or one for each. */
export class KilnFusedStep implements Contender {
  private readonly parameters: readonly Tensor[];
  private readonly optimizers: readonly Optimizer[];

  constructor(
    private readonly device: Device,
    spec: OptimizerSpec,
  ) {
    this.parameters = spec.sizes.map((size) => fromArray(device, initialValues(size, 1), { requiresGrad: true }));
    const groups = spec.variant === "fused" ? [this.parameters] : this.parameters.map((parameter) => [parameter]);
    this.optimizers = groups.map((parameters) => optimizerOf(spec, parameters));
    // Backward of a leaf is how a gradient gets to where an optimizer reads it.
    for (const parameter of this.parameters) {
      const gradient = fromArray(device, initialValues(parameter.size, 0.01));
      backward(parameter, { gradient });
      gradient.dispose();
    }
  }

  run(): void {
    for (const optimizer of this.optimizers) optimizer.step();
    this.device.queue.flush();
  }

  finished(): Promise<void> {
    return this.device.sync();
  }

  outputs(): Promise<Float32Array[]> {
    return Promise.all(this.parameters.slice(0, 1).map(async (parameter) => Float32Array.from(await parameter.data())));
  }

  dispose(): void {
    for (const optimizer of this.optimizers) optimizer.dispose();
    for (const parameter of this.parameters) parameter.dispose();
  }
}

function optimizerOf(spec: OptimizerSpec, parameters: readonly Tensor[]): Optimizer {
  const lr = spec.scheduled ? lambda((t) => rateAt(spec, t)) : rateAt(spec, 0);
  const make = {
    sgd: () => new SGD(parameters, { lr, momentum }),
    adam: () => new Adam(parameters, { lr, betas, eps }),
    adamw: () => new AdamW(parameters, { lr, betas, eps, weightDecay }),
  };
  return make[spec.algorithm]() as unknown as Optimizer;
}

interface State {
  p: Tensor;
  m: Tensor;
  v: Tensor | null;
}

/** As a user of an engine without optimizers would write it: an op for each line of arithmetic, on each tensor. */
export class KilnStepByOps implements Contender {
  private readonly gradients: readonly Tensor[];
  private states: State[];
  private taken = 0;

  constructor(
    private readonly device: Device,
    private readonly spec: OptimizerSpec,
  ) {
    const zeros = (size: number) => fromArray(device, new Float32Array(size));
    this.gradients = spec.sizes.map((size) => fromArray(device, initialValues(size, 0.01)));
    this.states = spec.sizes.map((size) => ({ p: fromArray(device, initialValues(size, 1)), m: zeros(size), v: spec.algorithm === "sgd" ? null : zeros(size) }));
  }

  run(): void {
    const lr = rateAt(this.spec, this.taken);
    const t = ++this.taken;
    this.states = this.states.map((state, i) => {
      const next = noGrad(() => scope(() => this.next(state, this.gradients[i]!, lr, t)));
      disposeState(state);
      return next;
    });
    this.device.queue.flush();
  }

  finished(): Promise<void> {
    return this.device.sync();
  }

  async outputs(): Promise<Float32Array[]> {
    return [Float32Array.from(await this.states[0]!.p.data())];
  }

  dispose(): void {
    this.states.forEach(disposeState);
    for (const gradient of this.gradients) gradient.dispose();
  }

  private next({ p, m, v }: State, g: Tensor, lr: number, t: number): State {
    if (!v) {
      const velocity = add(mul(m, momentum), g);
      return { p: sub(p, mul(velocity, lr)), m: velocity, v: null };
    }
    const [beta1, beta2] = betas;
    const mean = add(mul(m, beta1), mul(g, 1 - beta1));
    const square = add(mul(v, beta2), mul(mul(g, g), 1 - beta2));
    const divisor = add(div(sqrt(square), Math.sqrt(1 - beta2 ** t)), eps);
    const update = mul(div(mean, divisor), lr / (1 - beta1 ** t));
    const shrunk = this.spec.algorithm === "adamw" ? mul(p, 1 - lr * weightDecay) : p;
    return { p: sub(shrunk, update), m: mean, v: square };
  }
}

function disposeState({ p, m, v }: State): void {
  for (const tensor of [p, m, v]) tensor?.dispose();
}
