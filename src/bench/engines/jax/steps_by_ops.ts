// An optimizer step of jax-js as its optax package takes it: op by op, the rate a number.
import type { Contender } from "../../engine.js";
import { betas, eps, initialValues, momentum, rateAt, weightDecay, type OptimizerSpec } from "../../specs/optimizers.js";
import type { Jax, JaxArray } from "./load.js";

/** jax-js prints numbers into its kernels: a rate that changes is a new kernel for every size of tensor. */
export class JaxStepByOps implements Contender {
  private readonly gradients: JaxArray[];
  private p: JaxArray[];
  private m: JaxArray[];
  private v: JaxArray[];
  private taken = 0;

  constructor(
    private readonly jax: Jax,
    private readonly spec: OptimizerSpec,
  ) {
    const { numpy: np } = jax;
    const zeros = () => spec.sizes.map((size) => np.array(new Float32Array(size)));
    this.gradients = spec.sizes.map((size) => np.array(initialValues(size, 0.01)));
    this.p = spec.sizes.map((size) => np.array(initialValues(size, 1)));
    this.m = zeros();
    this.v = spec.algorithm === "sgd" ? [] : zeros();
  }

  run(): void {
    const { spec, jax } = this;
    const lr = rateAt(spec, this.taken);
    // The count stays on the device, and with it the bias corrections, as in optax.
    const t = jax.numpy.array(new Float32Array([++this.taken, 0])).slice(0);
    this.gradients.forEach((gradient, i) => {
      const direction = spec.algorithm === "sgd" ? this.trace(i, gradient.ref) : this.adam(i, gradient.ref, t.ref);
      const decayed = spec.algorithm === "adamw" ? direction.add(this.p[i]!.ref.mul(weightDecay)) : direction;
      this.p[i] = this.p[i]!.add(decayed.mul(-lr));
    });
    t.dispose();
  }

  async finished(): Promise<void> {
    await this.jax.blockUntilReady([...this.p, ...this.m, ...this.v]);
  }

  async outputs(): Promise<Float32Array[]> {
    return [Float32Array.from((await this.p[0]!.ref.data()) as Float32Array)];
  }

  dispose(): void {
    for (const array of [...this.gradients, ...this.p, ...this.m, ...this.v]) array.dispose();
  }

  private trace(i: number, g: JaxArray): JaxArray {
    this.m[i] = g.add(this.m[i]!.mul(momentum));
    return this.m[i]!.ref;
  }

  private adam(i: number, g: JaxArray, t: JaxArray): JaxArray {
    const { numpy: np } = this.jax;
    this.m[i] = this.m[i]!.mul(betas[0]).add(g.ref.mul(1 - betas[0]));
    this.v[i] = this.v[i]!.mul(betas[1]).add(np.square(g).mul(1 - betas[1]));
    const corrected = (moment: JaxArray, beta: number) => moment.div(np.power(beta, t.ref).mul(-1).add(1));
    const mean = corrected(this.m[i]!.ref, betas[0]);
    const square = corrected(this.v[i]!.ref, betas[1]);
    t.dispose();
    return mean.div(np.sqrt(square).add(eps));
  }
}
