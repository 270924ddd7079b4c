// A model with its captured training step, started anew any number of times: nothing is compiled or recorded again.
import { backward, capture, noGrad, type CapturedStep, type Device, type FeedFor, type nn, type optim, type Tensor } from "kiln-gpu";

export class Trainee<T> {
  /** Takes a step on a batch and gives its loss before the step. */
  readonly step: CapturedStep<T, Tensor>;
  private readonly evaluation: CapturedStep<T, Tensor>;
  private readonly fresh: optim.OptimizerSnapshot;

  /** The optimizer has taken no step. `lossOf` is recorded: it may hold the optimizer's scalars, but no other value that changes. */
  constructor(
    device: Device,
    readonly model: nn.Layer,
    readonly optimizer: optim.Optimizer,
    readonly lossOf: (batch: T) => Tensor,
  ) {
    this.fresh = optimizer.snapshot();
    this.step = capture(device, (batch: T) => {
      optimizer.zeroGrad();
      const loss = lossOf(batch);
      backward(loss);
      optimizer.step();
      return loss;
    });
    this.evaluation = capture(device, (batch: T) => noGrad(() => lossOf(batch)));
  }

  /** Step 0 again, without moments, from the weights of `source`, which is disposed. */
  start(source: nn.Layer, lr: optim.Scheduled): void {
    this.fresh.restore();
    this.model.loadStateDict(source.stateDict());
    source.dispose();
    for (const group of this.optimizer.paramGroups) group.lr = lr;
  }

  /** The mean loss over batches, without training. */
  async evaluate(batches: readonly FeedFor<T>[]): Promise<number> {
    const losses = batches.map((batch) => this.evaluation(batch).item());
    return (await Promise.all(losses)).reduce((sum, loss) => sum + loss, 0) / batches.length;
  }
}
