// The factors by which transformers' schedules multiply a group's rate at a step: the functions that LambdaLR is given.

export interface Warmup {
  warmupSteps: number;
}

export interface Training extends Warmup {
  steps: number;
}

type Factor = (t: number) => number;

/** The ramp that most of them share, then `after`. */
const warmed =
  ({ warmupSteps }: Warmup, after: Factor): Factor =>
  (t) => (t < warmupSteps ? t / Math.max(1, warmupSteps) : after(t));

const progress = ({ warmupSteps, steps }: Training, t: number): number => (t - warmupSteps) / Math.max(1, steps - warmupSteps);

export const constantWithWarmup = (options: Warmup): Factor => warmed(options, () => 1);

export const linear = (options: Training): Factor =>
  warmed(options, (t) => Math.max(0, (options.steps - t) / Math.max(1, options.steps - options.warmupSteps)));

export const cosine = (options: Training & { numCycles: number; minLrRate?: number }): Factor =>
  warmed(options, (t) => {
    const { numCycles, minLrRate = 0 } = options;
    const factor = 0.5 * (1 + Math.cos(Math.PI * numCycles * 2 * progress(options, t)));
    return Math.max(0, factor * (1 - minLrRate) + minLrRate);
  });

export const cosineWithRestarts = (options: Training & { numCycles: number }): Factor =>
  warmed(options, (t) => {
    const done = progress(options, t);
    return done >= 1 ? 0 : Math.max(0, 0.5 * (1 + Math.cos(Math.PI * ((options.numCycles * done) % 1))));
  });

/** `initial` is the optimizer's own rate. */
export const polynomial = (options: Training & { lrEnd: number; power: number; initial: number }): Factor =>
  warmed(options, (t) => {
    const { steps, warmupSteps, lrEnd, power, initial } = options;
    if (t > steps) return lrEnd / initial;
    const left = 1 - (t - warmupSteps) / (steps - warmupSteps);
    return ((initial - lrEnd) * left ** power + lrEnd) / initial;
  });

export const inverseSqrt = (options: Warmup & { timescale?: number }): Factor =>
  warmed(options, (t) => {
    const timescale = options.timescale ?? (options.warmupSteps || 10_000);
    return 1 / Math.sqrt((t + timescale - options.warmupSteps) / timescale);
  });

export const cosineWarmupWithMinLr =
  (options: Training & { numCycles: number; minLrRate: number; warmupLrRate?: number }): Factor =>
  (t) => {
    const { warmupSteps, steps, numCycles, minLrRate, warmupLrRate } = options;
    if (t < warmupSteps) {
      if (warmupLrRate === undefined) return (t + 1) / Math.max(1, warmupSteps);
      return warmupLrRate + ((1 - warmupLrRate) * t) / Math.max(1, warmupSteps - 1);
    }
    const done = (t - warmupSteps + 1) / Math.max(1, steps - warmupSteps);
    const factor = 0.5 * (1 + Math.cos(Math.PI * numCycles * 2 * done));
    return Math.max(0, factor * (1 - minLrRate) + minLrRate);
  };

type WsdType = "linear" | "cosine" | "1-sqrt";

export interface WsdParts extends Warmup {
  stableSteps: number;
  decaySteps: number;
  warmupType: WsdType;
  decayType: WsdType;
  minLrRatio: number;
  numCycles: number;
}

export const warmupStableDecay =
  ({ warmupSteps, stableSteps, decaySteps, warmupType, decayType, minLrRatio, numCycles }: WsdParts): Factor =>
  (t) => {
    const lifted = (factor: number): number => Math.max(0, factor * (1 - minLrRatio) + minLrRatio);
    if (t < warmupSteps) {
      const done = t / Math.max(1, warmupSteps);
      if (warmupType === "linear") return lifted(done);
      return lifted(warmupType === "cosine" ? 0.5 * (1 - Math.cos(Math.PI * done)) : 1 - Math.sqrt(1 - done));
    }
    if (t < warmupSteps + stableSteps) return 1;
    if (t < warmupSteps + stableSteps + decaySteps) {
      const done = (t - warmupSteps - stableSteps) / Math.max(1, decaySteps);
      if (decayType === "linear") return lifted(1 - done);
      return lifted(decayType === "cosine" ? 0.5 * (1 + Math.cos(Math.PI * numCycles * 2 * done)) : 1 - Math.sqrt(done));
    }
    return minLrRatio;
  };
