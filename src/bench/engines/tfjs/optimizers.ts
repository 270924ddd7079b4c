// TensorFlow.js's own optimizers; its Adam with decay by its ops for AdamW, which it has not.
import type { Contender } from "../../engine.js";
import { betas, eps, initialValues, momentum, rateAt, weightDecay, type OptimizerSpec } from "../../specs/optimizers.js";
import { finishTf, type Tf, type TfBackend, type TfTensor } from "./load.js";

type TfVariable = import("@tensorflow/tfjs-core").Variable;

export class TfStep implements Contender {
  private readonly variables: TfVariable[];
  private readonly gradients: Record<string, TfTensor>;
  private readonly optimizer: import("@tensorflow/tfjs-core").Optimizer;
  private taken = 0;

  constructor(
    private readonly tf: Tf,
    private readonly backend: TfBackend,
    private readonly spec: OptimizerSpec,
  ) {
    this.variables = spec.sizes.map((size) => tf.variable(tf.tensor1d(initialValues(size, 1))));
    this.gradients = Object.fromEntries(this.variables.map(({ name, size }) => [name, tf.tensor1d(initialValues(size, 0.01))]));
    const lr = rateAt(spec, 0);
    this.optimizer = spec.algorithm === "sgd" ? tf.train.momentum(lr, momentum) : tf.train.adam(lr, betas[0], betas[1], eps);
  }

  run(): void {
    const { tf, spec } = this;
    const lr = rateAt(spec, this.taken++);
    tf.tidy(() => {
      if (spec.scheduled) this.setRate(lr);
      if (spec.algorithm === "adamw") for (const variable of this.variables) variable.assign(tf.mul(variable, 1 - lr * weightDecay));
      this.optimizer.applyGradients(this.gradients as never);
    });
  }

  finished(): Promise<void> {
    return finishTf(this.backend);
  }

  async outputs(): Promise<Float32Array[]> {
    return [(await this.variables[0]!.data()) as Float32Array];
  }

  dispose(): void {
    this.optimizer.dispose();
    for (const tensor of [...this.variables, ...Object.values(this.gradients)]) tensor.dispose();
  }

  /** Adam has no way of its own to change the rate: its field is written, which is what programs do. */
  private setRate(lr: number): void {
    const optimizer = this.optimizer as unknown as { setLearningRate?: (lr: number) => void; learningRate: number };
    if (optimizer.setLearningRate) optimizer.setLearningRate(lr);
    else optimizer.learningRate = lr;
  }
}
