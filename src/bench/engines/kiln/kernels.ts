// Kiln's ops as contenders.
import { capture, type CapturedStep } from "../../../capture/index.js";
import { UsageError } from "../../../errors.js";
import type { Device } from "../../../gpu/device.js";
import { batchNorm, crossEntropy, dropout, embedding, fromArray, layerNorm, matmul, scaledDotProductAttention } from "../../../ops/index.js";
import { backward } from "../../../tensor/backward.js";
import { Generator } from "../../../tensor/random.js";
import type { Tensor } from "../../../tensor/tensor.js";
import type { Contender } from "../../engine.js";
import type { HostArray, HostIndices } from "../../specs/host.js";
import type { KernelSpec } from "../../specs/kernels.js";

/** One captured call of an op, with its backward where the spec asks for it. */
export class KilnKernel implements Contender {
  private readonly inputs: Readonly<Record<string, Tensor>>;
  private readonly indices: Tensor | null;
  private readonly dy: Tensor | null;
  private readonly step: CapturedStep<undefined, Tensor>;
  private y: Tensor | null = null;

  constructor(
    private readonly device: Device,
    private readonly spec: KernelSpec,
  ) {
    const tensor = ({ data, shape }: HostArray, requiresGrad: boolean) => fromArray(device, data, { shape, requiresGrad });
    const indices = ({ data, shape }: HostIndices) => fromArray(device, data, { shape, dtype: "i32" });
    const { backward: wantsGradients } = spec.shape;
    this.inputs = Object.fromEntries(Object.entries(spec.inputs).map(([name, input]) => [name, tensor(input, wantsGradients)]));
    this.indices = spec.indices && indices(spec.indices);
    this.dy = spec.dy && tensor(spec.dy, false);
    this.step = capture(device, () => this.compute());
  }

  run(): void {
    this.y = this.step();
  }

  finished(): Promise<void> {
    return this.device.sync();
  }

  async outputs(): Promise<Float32Array[]> {
    const gradients = this.spec.shape.backward ? Object.values(this.inputs).map(({ grad }) => grad!) : [];
    return Promise.all([this.y!, ...gradients].map(async (tensor) => Float32Array.from(await tensor.data())));
  }

  dispose(): void {
    this.step.dispose();
    for (const tensor of [...Object.values(this.inputs), this.indices, this.dy]) {
      tensor?.grad?.dispose();
      tensor?.dispose();
    }
  }

  private compute(): Tensor {
    for (const input of Object.values(this.inputs)) input.grad = null;
    const y = this.forward();
    if (this.spec.shape.backward) backward(y, this.dy ? { gradient: this.dy } : {});
    return y.detach();
  }

  private forward(): Tensor {
    const { shape } = this.spec;
    const input = (name: string) => this.inputs[name] ?? missing(name);
    switch (shape.op) {
      case "matmul":
        return matmul(input("a"), input("b"), { transposeA: shape.transposeA, transposeB: shape.transposeB });
      case "layerNorm":
        return layerNorm(input("x"), input("weight"), input("bias"));
      case "batchNorm":
        return batchNorm(input("x"), { weight: input("weight"), bias: input("bias"), training: true });
      case "crossEntropy":
        return crossEntropy(input("logits"), this.indices!);
      case "attention":
        return scaledDotProductAttention(input("q"), input("k"), input("v"), { causal: true });
      case "embedding":
        return embedding(input("weight"), this.indices!);
      case "dropout":
        return dropout(input("x"), { p: shape.p, generator: dropoutGenerator });
    }
  }
}

const dropoutGenerator = new Generator(1);

function missing(name: string): never {
  throw new UsageError(`bench: no input named "${name}"`);
}
