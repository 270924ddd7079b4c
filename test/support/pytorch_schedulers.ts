// PyTorch's schedulers as PyTorch runs them: each call of step() makes the new rates of the rates that the optimizer has now.

export interface Scheduler {
  /** get_lr(): the rates after step number `epoch`; number 0 is the one that the constructor takes. */
  getLr(rates: readonly number[], epoch: number): number[];
  /** What a milestone of SequentialLR asks for, where there is one. */
  closedForm?(epoch: number): number[];
}

/** A scheduler for groups with these base rates. */
export type Make = (bases: readonly number[]) => Scheduler;

/** get_last_lr() before any and after each of the calls of step(): [call][group]. */
export function lastRates(make: Make, bases: readonly number[], calls: number): number[][] {
  const scheduler = make(bases);
  const all: number[][] = [];
  let rates = [...bases];
  for (let epoch = 0; epoch < calls; epoch++) {
    rates = scheduler.getLr(rates, epoch);
    all.push(rates);
  }
  return all;
}

const times = (rates: readonly number[], factor: number): number[] => rates.map((rate) => rate * factor);

export const lambdaLR =
  (factor: (epoch: number) => number): Make =>
  (bases) => ({ getLr: (_rates, epoch) => times(bases, factor(epoch)) });

export const multiplicativeLR =
  (factor: (epoch: number) => number): Make =>
  () => ({ getLr: (rates, epoch) => (epoch === 0 ? [...rates] : times(rates, factor(epoch))) });

export const stepLR =
  (size: number, gamma: number): Make =>
  (bases) => ({
    getLr: (rates, epoch) => (epoch === 0 || epoch % size !== 0 ? [...rates] : times(rates, gamma)),
    closedForm: (epoch) => times(bases, Math.pow(gamma, Math.floor(epoch / size))),
  });

export const multiStepLR =
  (milestones: readonly number[], gamma: number): Make =>
  (bases) => ({
    getLr: (rates, epoch) => milestones.filter((milestone) => milestone === epoch).reduce((now) => times(now, gamma), [...rates]),
    closedForm: (epoch) => times(bases, Math.pow(gamma, milestones.filter((milestone) => milestone <= epoch).length)),
  });

export const constantLR =
  (factor: number, total: number): Make =>
  (bases) => ({
    getLr(rates, epoch) {
      if (epoch === 0) return times(rates, factor);
      return epoch === total ? times(rates, 1 / factor) : [...rates];
    },
    closedForm: (epoch) => times(bases, epoch >= total ? 1 : factor),
  });

export const linearLR =
  (start: number, end: number, total: number): Make =>
  (bases) => ({
    getLr(rates, epoch) {
      if (epoch === 0) return times(rates, start);
      if (epoch > total) return [...rates];
      return times(rates, 1 + (end - start) / (total * start + (epoch - 1) * (end - start)));
    },
    closedForm: (epoch) => times(bases, start + ((end - start) * Math.min(total, epoch)) / total),
  });

export const exponentialLR =
  (gamma: number): Make =>
  (bases) => ({
    getLr: (rates, epoch) => (epoch === 0 ? [...rates] : times(rates, gamma)),
    closedForm: (epoch) => times(bases, Math.pow(gamma, epoch)),
  });

export const polynomialLR =
  (total: number, power: number): Make =>
  (bases) => ({
    getLr(rates, epoch) {
      if (epoch === 0 || epoch > total) return [...rates];
      return times(rates, Math.pow((1 - epoch / total) / (1 - (epoch - 1) / total), power));
    },
    closedForm: (epoch) => times(bases, Math.pow(1 - Math.min(total, epoch) / total, power)),
  });

export const cosineAnnealingLR =
  (tMax: number, etaMin: number): Make =>
  (bases) => ({
    getLr(rates, epoch) {
      if (epoch === 0) return [...rates];
      // The step after a trough: the rate is etaMin, and no factor leads away from there.
      if ((epoch - 1 - tMax) % (2 * tMax) === 0) return rates.map((rate, i) => rate + ((bases[i]! - etaMin) * (1 - Math.cos(Math.PI / tMax))) / 2);
      const ratio = (1 + Math.cos((Math.PI * epoch) / tMax)) / (1 + Math.cos((Math.PI * (epoch - 1)) / tMax));
      return rates.map((rate) => ratio * (rate - etaMin) + etaMin);
    },
    closedForm: (epoch) => bases.map((base) => etaMin + ((base - etaMin) * (1 + Math.cos((Math.PI * epoch) / tMax))) / 2),
  });

export const cosineAnnealingWarmRestarts =
  (t0: number, tMult: number, etaMin: number): Make =>
  (bases) => {
    let [current, length] = [0, t0];
    return {
      getLr(_rates, epoch) {
        if (epoch > 0 && ++current >= length) {
          current -= length;
          length *= tMult;
        }
        return bases.map((base) => etaMin + ((base - etaMin) * (1 + Math.cos((Math.PI * current) / length))) / 2);
      },
    };
  };

/** Ends, starts and targets of the phases of OneCycleLR. */
interface Cycle {
  total: number;
  pctStart: number;
  threePhase: boolean;
  linear: boolean;
}

/** One number (a rate, a momentum) at step `epoch`, from `initial` over `peak` to `last`. */
export function oneCycleAt(cycle: Cycle, [initial, peak, last]: readonly [number, number, number], epoch: number): number {
  const up = { end: cycle.pctStart * cycle.total - 1, from: initial, to: peak };
  const down = { end: 2 * cycle.pctStart * cycle.total - 2, from: peak, to: initial };
  const away = { end: cycle.total - 1, from: cycle.threePhase ? initial : peak, to: last };
  const phases = cycle.threePhase ? [up, down, away] : [up, away];
  let begin = 0;
  for (const phase of phases) {
    if (epoch <= phase.end || phase === away) {
      const done = (epoch - begin) / (phase.end - begin);
      if (cycle.linear) return (phase.to - phase.from) * done + phase.from;
      return phase.to + ((phase.from - phase.to) / 2) * (Math.cos(Math.PI * done) + 1);
    }
    begin = phase.end;
  }
  return NaN;
}

interface Triangles {
  up: number;
  down: number;
  /** The height of a cycle, by its number from 1, or by the step. */
  height: (x: number) => number;
  byCycle: boolean;
}

/** The share of the way from the base to the peak at step `epoch` of CyclicLR. */
export function cyclicShare({ up, down, height, byCycle }: Triangles, epoch: number): number {
  const total = up + down;
  const ratio = up / total;
  const cycle = Math.floor(1 + epoch / total);
  const x = 1 + epoch / total - cycle;
  const triangle = x <= ratio ? x / ratio : (x - 1) / (ratio - 1);
  return triangle * height(byCycle ? cycle : epoch);
}

/** Each scheduler in turn multiplies the rate that the one before it left. */
export const chained =
  (...makes: Make[]): Make =>
  (bases) => {
    const schedulers = makes.map((make) => make(bases));
    return { getLr: (rates, epoch) => schedulers.reduce((now, scheduler) => scheduler.getLr(now, epoch), [...rates]) };
  };

/** At a milestone the closed form at 0, or get_lr(); between them the recursion, from the rate that is there. */
export const sequential =
  (makes: readonly Make[], milestones: readonly number[]): Make =>
  (bases) => {
    const schedulers = makes.map((make) => make(bases));
    return {
      getLr(rates, epoch) {
        const passed = milestones.filter((milestone) => milestone <= epoch);
        const scheduler = schedulers[passed.length]!;
        const own = epoch - (passed.at(-1) ?? 0);
        return passed.length > 0 && own === 0 && scheduler.closedForm ? scheduler.closedForm(0) : scheduler.getLr(rates, own);
      },
    };
  };
