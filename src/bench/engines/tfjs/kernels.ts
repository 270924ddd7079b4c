// Operations in TensorFlow.js.
import type { Contender } from "../../engine.js";
import type { HostArray } from "../../specs/host.js";
import type { KernelShape, KernelSpec } from "../../specs/kernels.js";
import { attention, batchNorm, layerNorm } from "./layers.js";
import { finishTf, type Tf, type TfBackend, type TfTensor } from "./load.js";

export class TfKernel implements Contender {
  private readonly inputs: TfTensor[];
  private readonly indices: TfTensor | null;
  private readonly dy: TfTensor | null;
  private last: TfTensor[] = [];

  constructor(
    private readonly tf: Tf,
    private readonly backend: TfBackend,
    private readonly spec: KernelSpec,
  ) {
    const tensor = ({ data, shape }: HostArray) => tf.tensor(data, [...shape]);
    this.inputs = Object.values(spec.inputs).map(tensor);
    this.indices = spec.indices && tf.tensor1d(spec.indices.data, "int32");
    this.dy = spec.dy && tensor(spec.dy);
  }

  run(): void {
    const { tf, spec } = this;
    const fn = functionOf(tf, spec.shape, this.indices);
    const outputs = tf.tidy(() => {
      if (!spec.shape.backward) return [fn(...this.inputs)];
      const { value, grads } = tf.valueAndGrads(fn as never)(this.inputs, (this.dy ?? undefined) as never);
      return [value as TfTensor, ...(grads as TfTensor[])];
    });
    for (const tensor of this.last) tensor.dispose();
    this.last = outputs;
  }

  finished(): Promise<void> {
    return finishTf(this.backend);
  }

  outputs(): Promise<Float32Array[]> {
    return Promise.all(this.last.map(async (tensor) => (await tensor.data()) as Float32Array));
  }

  dispose(): void {
    for (const tensor of [...this.inputs, ...this.last, this.indices, this.dy]) tensor?.dispose();
  }
}

function functionOf(tf: Tf, shape: KernelShape, indices: TfTensor | null): (...inputs: TfTensor[]) => TfTensor {
  switch (shape.op) {
    case "matmul":
      return (a, b) => tf.matMul(a!, b!, shape.transposeA, shape.transposeB);
    case "layerNorm":
      return (x, weight, bias) => layerNorm(tf, x!, weight!, bias!);
    case "batchNorm":
      return (x, weight, bias) => batchNorm(tf, x!, weight!, bias!);
    case "crossEntropy":
      return (logits) => tf.losses.softmaxCrossEntropy(tf.oneHot(indices as never, shape.classes), logits!);
    case "attention":
      return (q, k, v) => attention(tf, q!, k!, v!);
    case "embedding":
      return (weight) => tf.gather(weight!, indices as never);
    case "dropout":
      return (x) => tf.dropout(x!, shape.p);
  }
}
