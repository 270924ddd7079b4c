// What the training loop launches: a training step and the loss of a validation batch, captured or eager.
import { capture, type CapturedStep } from "../capture/index.js";
import type { TokenBatch } from "../data/index.js";
import type { Device } from "../gpu/device.js";
import { fromArray, mean, stack } from "../ops/index.js";
import { autocast } from "../tensor/autocast.js";
import { backward } from "../tensor/backward.js";
import { requireDTypeOn } from "../tensor/dtype.js";
import { scope } from "../tensor/scope.js";
import { noGrad } from "../tensor/tape.js";
import type { Tensor } from "../tensor/tensor.js";
import { likeliestTokens, type AnsweringModel } from "./exact_match.js";
import type { Precision, TrainableModel, TrainableOptimizer } from "./loop.js";

interface Batch {
  tokens: Tensor;
  targets: Tensor;
}

export class Steps {
  private readonly step: CapturedStep<Batch[], Tensor> | null;
  private readonly validation: CapturedStep<Batch, Tensor> | null;
  private readonly prediction: CapturedStep<Pick<Batch, "tokens">, Tensor> | null;

  constructor(
    private readonly device: Device,
    private readonly model: TrainableModel,
    private readonly optimizer: TrainableOptimizer,
    captured: boolean,
    private readonly precision: Precision = "f32",
  ) {
    requireDTypeOn(device, "train", precision);
    this.step = captured ? capture(device, (batches: Batch[]) => this.trainingStep(batches)) : null;
    this.validation = captured ? capture(device, (batch: Batch) => this.lossOf(batch)) : null;
    this.prediction = captured ? capture(device, ({ tokens }: Pick<Batch, "tokens">) => this.predictionOf(tokens)) : null;
  }

  /** Launches a step on the mean of the batches' gradients. Returns their mean loss, to be read before the next call and disposed. */
  train(batches: readonly TokenBatch[]): Tensor {
    this.model.train();
    return this.step ? this.step(batches as TokenBatch[]) : scope(() => this.trainingStep(batches.map((batch) => this.upload(batch))));
  }

  /** Launches the loss of a batch in eval mode. As `train`. */
  validate(batch: TokenBatch): Tensor {
    const run = () => (this.validation ? this.validation(batch) : scope(() => this.lossOf(this.upload(batch))));
    return this.model.inEvalMode(run);
  }

  /** Launches what the model would write after each token of a batch, in eval mode. The model must have `forward`. As `train`. */
  predict({ tokens, shape }: TokenBatch): Tensor {
    const run = () => (this.prediction ? this.prediction({ tokens, shape }) : scope(() => this.predictionOf(fromArray(this.device, tokens, { shape, dtype: "i32" }))));
    return this.model.inEvalMode(run);
  }

  dispose(): void {
    this.step?.dispose();
    this.validation?.dispose();
    this.prediction?.dispose();
  }

  private trainingStep(batches: readonly Batch[]): Tensor {
    this.optimizer.zeroGrad();
    const losses = batches.map((batch) => this.backwardOf(batch));
    this.optimizer.step({ accumulated: batches.length });
    return losses.length === 1 ? losses[0]! : mean(stack(losses));
  }

  /** The loss of one batch, its gradients added to the parameters'. The memory between the two is free before the next. */
  private backwardOf({ tokens, targets }: Batch): Tensor {
    return scope(() => {
      const loss = this.modelLoss(tokens, targets);
      backward(this.optimizer.scaleLoss?.(loss) ?? loss);
      return loss.detach();
    });
  }

  private lossOf({ tokens, targets }: Batch): Tensor {
    return noGrad(() => this.modelLoss(tokens, targets));
  }

  private predictionOf(tokens: Tensor): Tensor {
    return autocast({ dtype: "f16", enabled: this.precision === "f16" }, () => likeliestTokens(this.model as AnsweringModel, tokens));
  }

  private modelLoss(tokens: Tensor, targets: Tensor): Tensor {
    return autocast({ dtype: "f16", enabled: this.precision === "f16" }, () => this.model.loss(tokens, targets));
  }

  private upload({ tokens, targets, shape }: TokenBatch): Batch {
    const tensorOf = (values: Int32Array) => fromArray(this.device, values, { shape, dtype: "i32" });
    return { tokens: tensorOf(tokens), targets: tensorOf(targets) };
  }
}
