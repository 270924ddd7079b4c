// A small network for digits, started anew for every run.
import { argmax, backward, capture, crossEntropy, noGrad, nn, reshape, SGD, type CapturedStep, type Device, type optim, type schedule, type Tensor } from "kiln-gpu";
import { classes, drawDigits, epochOf, pixels, type DigitBatch, type Digits } from "./digits.js";
import { lossesOf } from "./losses.js";

export interface DigitNet {
  activation: "relu" | "elu";
  batchNorm: boolean;
  /** Hidden layers. */
  depth: number;
  width: number;
}

export interface DigitRun {
  seed: number;
  batch: number;
  epochs: number;
  lr: optim.Scheduled;
  /** Of the batch norms; 0.1 by default. */
  bnMomentum?: number | schedule.Schedule;
  /** Ends a run soon after a loss beyond it. */
  stopAbove?: number;
}

interface Fed {
  x: Tensor;
  y: Tensor;
}

export const trainCount = 1024;
const testCount = 512;

export class DigitTrainer {
  readonly train: Digits = drawDigits(trainCount, 1);
  private readonly test: Digits = drawDigits(testCount, 2);
  private readonly model: nn.Layer;
  private readonly optimizer: SGD;
  private readonly bnMomentum: Tensor;
  private readonly fresh: optim.OptimizerSnapshot;
  private readonly step: CapturedStep<Fed, Tensor>;
  private readonly answers: CapturedStep<Fed, Tensor>;
  private readonly evalLoss: CapturedStep<Fed, Tensor>;

  constructor(
    private readonly device: Device,
    private readonly net: DigitNet,
    momentum = 0.9,
  ) {
    this.model = make(device, net, 0);
    this.optimizer = new SGD(this.model.parameters(), { lr: 0, momentum });
    this.bnMomentum = this.optimizer.scalar("bnMomentum", 0.1, { min: 0, max: 1 });
    if (net.batchNorm) nn.setBatchNormMomentum(this.model, this.bnMomentum);
    this.fresh = this.optimizer.snapshot();
    const lossOf = ({ x, y }: Fed) => crossEntropy(this.logits(x), y);
    this.step = capture(device, (fed: Fed) => {
      this.optimizer.zeroGrad();
      const loss = lossOf(fed);
      backward(loss);
      this.optimizer.step();
      return loss;
    });
    this.answers = capture(device, ({ x }: Fed) => noGrad(() => argmax(this.logits(x), { axis: 1 })));
    this.evalLoss = capture(device, (fed: Fed) => noGrad(() => lossOf(fed)));
  }

  /** The losses of a run; fewer than its steps where one was beyond `stopAbove`. */
  async run({ seed, batch, epochs, lr, bnMomentum = 0.1, stopAbove = 1e3 }: DigitRun, signal: AbortSignal): Promise<number[]> {
    this.start(seed, lr, bnMomentum);
    const steps = Math.floor(trainCount / batch) * epochs;
    let [epoch, batches] = [0, epochOf(this.train, batch, seed, 0)];
    const feed = (t: number): DigitBatch => {
      const now = Math.floor(t / batches.length);
      if (now !== epoch) [epoch, batches] = [now, epochOf(this.train, batch, seed, now)];
      return batches[t % batches.length]!;
    };
    return lossesOf(this.step, { steps, signal, feed, stopAbove });
  }

  /** Step 0 of a run. */
  start(seed: number, lr: optim.Scheduled, bnMomentum: number | schedule.Schedule): void {
    this.fresh.restore();
    const source = make(this.device, this.net, seed);
    this.model.loadStateDict(source.stateDict());
    source.dispose();
    this.optimizer.scalar("bnMomentum", bnMomentum, { min: 0, max: 1 });
    for (const group of this.optimizer.paramGroups) group.lr = lr;
  }

  /** The loss of a batch by the running statistics, and then, in the step that is taken, by its own. */
  async bothLosses(batch: DigitBatch): Promise<{ running: number; own: number }> {
    const running = await this.model.inEvalMode(() => this.evalLoss(batch)).item();
    return { running, own: await this.step(batch).item() };
  }

  /** Share of unseen digits that it gets wrong, in eval mode. */
  async testError(): Promise<number> {
    const [all] = epochOf(this.test, testCount, 1, 0);
    const found = await this.model.inEvalMode(() => this.answers(all!)).data();
    return all!.y.reduce((wrong, label, i) => wrong + (found[i] === label ? 0 : 1), 0) / testCount;
  }

  private logits(x: Tensor): Tensor {
    return this.model.forward(reshape(x, [-1, pixels]));
  }
}

function make(device: Device, { activation, batchNorm, depth, width }: DigitNet, seed: number): nn.Layer {
  const layers = Array.from({ length: depth }, (_, i): nn.Layer[] => [
    new nn.Linear(device, i === 0 ? pixels : width, width, { seed: 100 * seed + i }),
    ...(batchNorm ? [new nn.BatchNorm1d(device, width)] : []),
    activation === "elu" ? new nn.ELU() : new nn.ReLU(),
  ]);
  return new nn.Sequential(...layers.flat(), new nn.Linear(device, width, classes, { seed: 100 * seed + depth }));
}
