// A training step of Kiln: captured once, then replayed.
import { capture, type CapturedStep, type TextTensors } from "../../../capture/index.js";
import type { Device } from "../../../gpu/device.js";
import { GPT } from "../../../nn/index.js";
import { AdamW } from "../../../optim/index.js";
import { backward } from "../../../tensor/backward.js";
import type { Tensor } from "../../../tensor/tensor.js";
import type { Contender } from "../../engine.js";
import type { TrainingSpec } from "../../specs/training.js";

export class KilnTraining implements Contender {
  readonly model: GPT;
  private readonly optimizer: AdamW;
  private readonly step: CapturedStep<TextTensors, Tensor>;
  private taken = 0;
  private loss: Tensor | null = null;

  constructor(
    private readonly device: Device,
    private readonly spec: TrainingSpec,
  ) {
    const { shape, hyper, weights } = spec;
    const { batch: _, ...sizes } = shape;
    this.model = new GPT(device, { ...sizes, bias: false, dropout: 0, tied: true, seed: 0 });
    this.model.loadStateDict(weights);
    const { lr, betas, eps, weightDecay, clip } = hyper;
    this.optimizer = new AdamW(this.model.groups({ weightDecay }), { lr, betas, eps, clipNorm: clip });
    this.step = capture(device, ({ tokens, targets }: TextTensors) => {
      this.optimizer.zeroGrad();
      const loss = this.model.loss(tokens, targets);
      backward(loss);
      this.optimizer.step();
      return loss.detach();
    });
  }

  run(): void {
    const { batches } = this.spec;
    const { tokens, targets } = batches[this.taken++ % batches.length]!;
    this.loss = this.step({ tokens: tokens.data, targets: targets.data, shape: tokens.shape });
  }

  finished(): Promise<void> {
    return this.device.sync();
  }

  async outputs(): Promise<Float32Array[]> {
    return [Float32Array.of(await this.loss!.item())];
  }

  dispose(): void {
    this.step.dispose();
    this.optimizer.dispose();
    this.model.dispose();
  }
}
