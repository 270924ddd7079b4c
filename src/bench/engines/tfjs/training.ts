// A training step in TensorFlow.js: variableGrads, clipping and decay by its ops, its own Adam.
import type { Contender } from "../../engine.js";
import { transposed } from "../../specs/host.js";
import type { TrainingSpec } from "../../specs/training.js";
import { gptLoss } from "./gpt.js";
import { finishTf, type Tf, type TfBackend, type TfTensor } from "./load.js";

type TfVariable = import("@tensorflow/tfjs-core").Variable;

export class TfTraining implements Contender {
  private readonly variables: Record<string, TfVariable>;
  private readonly optimizer: import("@tensorflow/tfjs-core").AdamOptimizer;
  private readonly lossOf: ReturnType<typeof gptLoss>;
  private taken = 0;
  private loss: TfTensor | null = null;

  constructor(
    private readonly tf: Tf,
    private readonly backend: TfBackend,
    private readonly spec: TrainingSpec,
  ) {
    const { weights, shape, hyper } = spec;
    this.variables = Object.fromEntries(
      Object.entries(weights).map(([name, { data, shape: own }]) => {
        const linear = /c_attn|c_proj|c_fc/.test(name);
        const initial = tf.tensor(linear ? transposed(data, own) : data, (linear ? own.toReversed() : own) as number[]);
        return [name, tf.variable(initial)];
      }),
    );
    this.lossOf = gptLoss(tf, shape);
    this.optimizer = tf.train.adam(hyper.lr, hyper.betas[0], hyper.betas[1], hyper.eps);
  }

  run(): void {
    const { tf } = this;
    const { tokens, targets } = this.spec.batches[this.taken++ % this.spec.batches.length]!;
    const loss = tf.tidy(() => {
      const indices = ({ data }: { data: Int32Array }) => tf.tensor1d(data, "int32");
      const { value, grads } = tf.variableGrads(() => this.lossOf(this.variables, indices(tokens), indices(targets)) as never, Object.values(this.variables));
      const clipped = this.clip(grads);
      this.decay();
      this.optimizer.applyGradients(clipped as never);
      return value as TfTensor;
    });
    this.loss?.dispose();
    this.loss = loss;
  }

  finished(): Promise<void> {
    return finishTf(this.backend);
  }

  async outputs(): Promise<Float32Array[]> {
    return [(await this.loss!.data()) as Float32Array];
  }

  dispose(): void {
    this.loss?.dispose();
    this.optimizer.dispose();
    for (const variable of Object.values(this.variables)) variable.dispose();
  }

  /** By global norm. tfjs has no such function: it is composed of its ops. */
  private clip(gradients: Record<string, TfTensor>): Record<string, TfTensor> {
    const { tf } = this;
    const squares = Object.values(gradients).map((gradient) => tf.sum(tf.square(gradient)));
    const scale = tf.minimum(tf.div(this.spec.hyper.clip, tf.add(tf.sqrt(tf.sum(tf.stack(squares))), 1e-6)), 1);
    return Object.fromEntries(Object.entries(gradients).map(([name, gradient]) => [name, tf.mul(gradient, scale)]));
  }

  /** Decoupled weight decay, which tfjs's Adam has not. */
  private decay(): void {
    const { lr, weightDecay } = this.spec.hyper;
    for (const variable of Object.values(this.variables)) if (variable.rank >= 2) variable.assign(this.tf.mul(variable, 1 - lr * weightDecay));
  }
}
