// A training step in jax-js: loss, gradients, clipping and AdamW in one jitted function.
import type { Contender } from "../../engine.js";
import type { TrainingSpec } from "../../specs/training.js";
import { transposed } from "../../specs/host.js";
import { gptLoss, type Params } from "./gpt.js";
import type { Jax, JaxArray } from "./load.js";

interface State {
  params: Params;
  m: Params;
  v: Params;
}
type Step = (state: State, hyper: JaxArray, tokens: JaxArray, targets: JaxArray) => { loss: JaxArray } & State;

export class JaxTraining implements Contender {
  private readonly step: Step & { dispose(): void };
  private state: State;
  private taken = 0;
  private loss: JaxArray | null = null;

  constructor(
    private readonly jax: Jax,
    private readonly spec: TrainingSpec,
  ) {
    const { numpy: np, jit } = jax;
    const { weights } = spec;
    const zeros = () => Object.fromEntries(Object.entries(weights).map(([name, { data, shape }]) => [name, np.array(new Float32Array(data.length), { shape: kernelShape(name, shape) }).add(np.zeros(kernelShape(name, shape)))]));
    const params = Object.fromEntries(Object.entries(weights).map(([name, { data, shape }]) => [name, np.array(isLinear(name) ? transposed(data, shape) : data, { shape: kernelShape(name, shape) })]));
    this.state = { params, m: zeros(), v: zeros() };
    this.step = jit(stepOf(jax, spec) as never) as never;
  }

  run(): void {
    const { numpy: np } = this.jax;
    const { hyper, batches } = this.spec;
    const { tokens, targets } = batches[this.taken % batches.length]!;
    const t = ++this.taken;
    const [beta1, beta2] = hyper.betas;
    // The numbers that change travel in an array: as plain numbers they would be compiled into the kernels.
    const scalars = np.array(new Float32Array([hyper.lr, 1 / (1 - beta1 ** t), 1 / (1 - beta2 ** t)]));
    const { loss, ...state } = this.step(this.state, scalars, np.array(tokens.data), np.array(targets.data));
    this.loss?.dispose();
    this.loss = loss;
    this.state = state;
  }

  async finished(): Promise<void> {
    await this.loss?.blockUntilReady();
  }

  async outputs(): Promise<Float32Array[]> {
    return [Float32Array.from((await this.loss!.ref.data()) as Float32Array)];
  }

  dispose(): void {
    this.loss?.dispose();
    this.jax.tree.dispose(this.state as never);
    this.step.dispose();
  }
}

const isLinear = (name: string) => /c_attn|c_proj|c_fc/.test(name);
const kernelShape = (name: string, shape: readonly number[]) => (isLinear(name) ? shape.toReversed() : [...shape]);

function stepOf(jax: Jax, { shape, hyper }: TrainingSpec): Step {
  const { numpy: np, valueAndGrad } = jax;
  const lossAndGradients = valueAndGrad(gptLoss(jax, shape)) as unknown as (params: Params, tokens: JaxArray, targets: JaxArray) => [JaxArray, Params];
  const [beta1, beta2] = hyper.betas;

  return ({ params, m, v }, scalars, tokens, targets) => {
    const [loss, gradients] = lossAndGradients(jax.tree.ref(params) as Params, tokens, targets);
    const names = Object.keys(params);
    const norm = np.sqrt(names.map((name) => np.square(gradients[name]!.ref).sum()).reduce((sum, part) => sum.add(part)));
    const scale = np.minimum(np.reciprocal(norm.add(1e-6)).mul(hyper.clip), 1);
    const [lr, correction1, correction2] = [0, 1, 2].map((i) => scalars.ref.slice(i)) as [JaxArray, JaxArray, JaxArray];
    scalars.dispose();
    const next: State = { params: {}, m: {}, v: {} };
    for (const name of names) {
      const p = params[name]!;
      const g = gradients[name]!.mul(scale.ref);
      const newM = m[name]!.mul(beta1).add(g.ref.mul(1 - beta1));
      const newV = v[name]!.mul(beta2).add(np.square(g).mul(1 - beta2));
      const direction = newM.ref.mul(correction1.ref).div(np.sqrt(newV.ref.mul(correction2.ref)).add(hyper.eps));
      const decay = p.ndim >= 2 ? hyper.weightDecay : 0;
      next.params[name] = p.ref.sub((decay > 0 ? direction.add(p.mul(decay)) : (p.dispose(), direction)).mul(lr.ref));
      next.m[name] = newM;
      next.v[name] = newV;
    }
    for (const used of [scale, lr, correction1, correction2]) used.dispose();
    return { loss, ...next };
  };
}
