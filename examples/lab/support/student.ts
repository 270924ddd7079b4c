// A small network that learns from a teacher's examples, and is started anew from given weights any number of times without being
// compiled or recorded again.
import { backward, capture, mean, mseLoss, nn, noGrad, schedule, SGD, type CapturedStep, type Device, type Generator, type optim, type Tensor } from "kiln-gpu";
import { lossesOf } from "./losses.js";
import type { BatchValues } from "./teacher.js";

interface Batch {
  x: { values: Tensor };
  y: { values: Tensor };
}

/** By the names of a state. */
export type Weights = Readonly<Record<string, nn.HostValue>>;

export interface NetSizes {
  inputs: number;
  width: number;
  outputs: number;
}

/** A trunk of two layers with tanh, and a linear head. */
export class Net extends nn.Layer {
  readonly trunk: readonly nn.Linear[];
  readonly head: nn.Linear;

  constructor(device: Device, { inputs, width, outputs }: NetSizes) {
    super();
    this.trunk = [inputs, width].map((from, i) => this.registerModule(`trunk${i}`, new nn.Linear(device, from, width, { seed: 0 })));
    this.head = this.registerModule("head", new nn.Linear(device, width, outputs, { seed: 0 }));
  }

  override forward(x: Tensor): Tensor {
    return this.head.forward(this.trunk.reduce((h, layer) => layer.forward(h, { activation: "tanh" }), x));
  }
}

/** Fresh weights of a `Net`: uniform within 1 / sqrt(fan in), as its layers draw them. */
export function freshWeights({ inputs, width, outputs }: NetSizes, random: Generator): Weights {
  const layer = (name: string, from: number, to: number) => {
    const draw = (shape: number[], count: number) => ({ shape, data: random.uniform(count).map((u) => (2 * u - 1) / Math.sqrt(from)) });
    return { [`${name}.weight`]: draw([to, from], to * from), [`${name}.bias`]: draw([to], to) };
  };
  return { ...layer("trunk0", inputs, width), ...layer("trunk1", width, width), ...layer("head", width, outputs) };
}

/** Of `weights`, those of the head, or those of the trunk. */
export function partOf(weights: Weights, part: "trunk" | "head"): Weights {
  return Object.fromEntries(Object.entries(weights).filter(([name]) => name.startsWith(part)));
}

export interface TrainOptions {
  from: Weights;
  /** One schedule for all, or one for each group. */
  rates: schedule.Schedule | readonly schedule.Schedule[];
  steps: number;
  batches: (t: number) => BatchValues;
  signal: AbortSignal;
  /** Scores at the start and after every so many steps. */
  watch?: { every: number; score: (at: number) => Promise<void> };
}

export interface Trained {
  losses: number[];
  weights: Weights;
  /** The loss left what a run can come back from. */
  lost: boolean;
}

/** A loss beyond it, where saying 0 costs about 1, is of a run that diverges. */
const lostAbove = 100;

/** Mean squared error by SGD with momentum 0.9. Every `train` begins without momentum and at step 0. */
export class Student {
  private readonly optimizer: SGD;
  private readonly start: optim.OptimizerSnapshot;
  private readonly step: CapturedStep<Batch, Tensor>;
  private readonly loss: CapturedStep<Batch, Tensor>;
  private readonly outputLosses: CapturedStep<Batch, Tensor>;

  /** `groups` divide the model's parameters; by default they are one group. */
  constructor(
    device: Device,
    private readonly model: nn.Layer,
    groups: readonly (readonly Tensor[])[] = [model.parameters()],
  ) {
    const optimizer = (this.optimizer = new SGD(groups.map((params) => ({ params })), { lr: 0, momentum: 0.9 }));
    this.start = optimizer.snapshot();
    const lossOf = ({ x, y }: Batch) => mseLoss(model.forward(x.values), y.values);
    this.step = capture(device, (batch: Batch) => {
      optimizer.zeroGrad();
      const loss = lossOf(batch);
      backward(loss);
      optimizer.step();
      return loss;
    });
    this.loss = capture(device, (batch: Batch) => noGrad(() => lossOf(batch)));
    this.outputLosses = capture(device, ({ x, y }: Batch) => noGrad(() => mean(mseLoss(model.forward(x.values), y.values, { reduction: "none" }), { axis: 0 })));
  }

  async train({ from, rates, steps, batches, signal, watch }: TrainOptions): Promise<Trained> {
    this.start.restore();
    this.model.loadStateDict(from);
    this.optimizer.paramGroups.forEach((group, i) => (group.lr = rates instanceof schedule.Schedule ? rates : rates[i]!));
    const losses: number[] = [];
    const every = watch?.every ?? steps;
    await watch?.score(0);
    for (let done = 0; done < steps; done = losses.length) {
      const some = Math.min(every, steps - done);
      const more = await lossesOf(this.step, { steps: some, feed: (t) => batches(done + t), signal, stopAbove: lostAbove });
      losses.push(...more);
      if (more.length < some || isLost(more)) return { losses, weights: await this.weights(), lost: true };
      await watch?.score(losses.length);
    }
    return { losses, weights: await this.weights(), lost: false };
  }

  /** The loss of weights on a batch, or of those that training has reached. */
  async score(batch: BatchValues, weights?: Weights): Promise<number> {
    if (weights) this.model.loadStateDict(weights);
    return this.loss(batch).item();
  }

  /** The loss of each output, of the weights that training has reached. */
  async errors(batch: BatchValues): Promise<number[]> {
    return [...(await this.outputLosses(batch).data())];
  }

  async weights(): Promise<Weights> {
    const state = Object.entries(this.model.stateDict());
    const values = await Promise.all(state.map(([, tensor]) => tensor.data()));
    return Object.fromEntries(state.map(([name, { shape }], i) => [name, { shape, data: values[i]! }]));
  }
}

const isLost = (losses: readonly number[]): boolean => !(losses.at(-1)! <= lostAbove);
