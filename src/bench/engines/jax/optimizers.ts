// An optimizer step in jax-js: the formulas of its optax package, over all tensors in one jitted call.
import type { Contender } from "../../engine.js";
import { betas, eps, initialValues, momentum, rateAt, weightDecay, type OptimizerSpec } from "../../specs/optimizers.js";
import type { Jax, JaxArray } from "./load.js";

interface State {
  p: JaxArray[];
  m: JaxArray[];
  v: JaxArray[];
}
type Update = (state: State, gradients: JaxArray[], scalars: JaxArray) => State;

/** The numbers that change travel in an array, so that a scheduled rate compiles nothing. */
export class JaxStep implements Contender {
  private readonly update: Update & { dispose(): void };
  private readonly gradients: JaxArray[];
  private state: State;
  private taken = 0;

  constructor(
    private readonly jax: Jax,
    private readonly spec: OptimizerSpec,
  ) {
    const { numpy: np, jit } = jax;
    const zeros = () => spec.sizes.map((size) => np.array(new Float32Array(size)));
    this.gradients = spec.sizes.map((size) => np.array(initialValues(size, 0.01)));
    this.state = { p: spec.sizes.map((size) => np.array(initialValues(size, 1))), m: zeros(), v: spec.algorithm === "sgd" ? [] : zeros() };
    this.update = jit(updateOf(jax, spec) as never) as never;
  }

  run(): void {
    const { jax, spec } = this;
    const lr = rateAt(spec, this.taken);
    const t = ++this.taken;
    const scalars = jax.numpy.array(new Float32Array([lr, 1 / (1 - betas[0] ** t), 1 / (1 - betas[1] ** t)]));
    this.state = this.update(this.state, jax.tree.ref(this.gradients as never) as never, scalars);
  }

  async finished(): Promise<void> {
    await this.state.p[0]!.blockUntilReady();
  }

  async outputs(): Promise<Float32Array[]> {
    return [Float32Array.from((await this.state.p[0]!.ref.data()) as Float32Array)];
  }

  dispose(): void {
    this.jax.tree.dispose(this.state as never);
    this.jax.tree.dispose(this.gradients as never);
    this.update.dispose();
  }
}

function updateOf({ numpy: np }: Jax, { algorithm }: OptimizerSpec): Update {
  return ({ p, m, v }, gradients, scalars) => {
    const [lr, correction1, correction2] = [0, 1, 2].map((i) => scalars.ref.slice(i)) as [JaxArray, JaxArray, JaxArray];
    scalars.dispose();
    const next: State = { p: [], m: [], v: [] };
    p.forEach((parameter, i) => {
      const g = gradients[i]!;
      let direction: JaxArray;
      if (algorithm === "sgd") {
        direction = m[i]!.mul(momentum).add(g);
        next.m.push(direction.ref);
      } else {
        const mean = m[i]!.mul(betas[0]).add(g.ref.mul(1 - betas[0]));
        const square = v[i]!.mul(betas[1]).add(np.square(g).mul(1 - betas[1]));
        next.m.push(mean.ref);
        next.v.push(square.ref);
        direction = mean.mul(correction1.ref).div(np.sqrt(square.mul(correction2.ref)).add(eps));
      }
      if (algorithm === "adamw") direction = direction.add(parameter.ref.mul(weightDecay));
      next.p.push(parameter.sub(direction.mul(lr.ref)));
    });
    for (const used of [lr, correction1, correction2]) used.dispose();
    return next;
  };
}
