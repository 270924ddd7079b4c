// The smallest Transformer that still learns what follows what, for sweeps of hundreds of runs.
import { Adam, capture, GIAdam, nn, type CapturedStep, type Device, type optim, type Tensor } from "kiln-gpu";
import { Chain, symbols } from "./chain.js";
import { lossesOf } from "./losses.js";

export type AdamName = "Adam" | "GI-Adam";

export const shape = { layers: 2, heads: 2, width: 16, block: 16 };
export const batch = 8;

export interface TinyRun {
  seed: number;
  steps: number;
  lr: optim.Scheduled;
}

export function tinyGpt(device: Device, norm: nn.NormPlace, seed: number): nn.GPT {
  return new nn.GPT(device, { ...shape, vocab: symbols, norm, init: "scaled", seed });
}

/** Ends a run: no such loss comes down again in the steps that are left. */
const lostBeyond = 30;

/** A model with its optimizer and its captured step, started anew for every run: the next run compiles and records nothing. */
export class TinyTrainer {
  private readonly model: nn.GPT;
  private readonly optimizer: optim.Optimizer;
  private readonly step: CapturedStep<{ tokens: Tensor; targets: Tensor }, Tensor>;
  private readonly fresh: optim.OptimizerSnapshot;

  constructor(
    private readonly device: Device,
    private readonly norm: nn.NormPlace,
    adam: AdamName,
    { clipNorm }: { clipNorm?: number } = {},
  ) {
    this.model = tinyGpt(device, norm, 0);
    const options = { lr: 0, ...(clipNorm !== undefined && { clipNorm }) };
    this.optimizer = adam === "Adam" ? new Adam(this.model.parameters(), options) : new GIAdam(this.model.parameters(), options);
    this.fresh = this.optimizer.snapshot();
    this.step = capture(device, ({ tokens, targets }) => {
      this.optimizer.zeroGrad();
      const loss = this.model.loss(tokens, targets);
      loss.backward();
      this.optimizer.step();
      return loss;
    });
  }

  /** The losses of a run: weights, then batches, follow from the seed. Ends early where the loss bursts. */
  async run({ seed, steps, lr }: TinyRun, signal: AbortSignal): Promise<number[]> {
    this.start(seed);
    for (const group of this.optimizer.paramGroups) group.lr = lr;
    const data = new Chain(shape.block, batch, seed);
    return lossesOf(this.step, { steps, signal, feed: () => data.next(), stopAbove: lostBeyond });
  }

  /** How many steps of the last run were clipped. */
  async clipped(): Promise<number> {
    return (await this.optimizer.stats()).clipped;
  }

  private start(seed: number): void {
    this.fresh.restore();
    const source = tinyGpt(this.device, this.norm, seed);
    this.model.loadStateDict(source.stateDict());
    source.dispose();
  }
}
