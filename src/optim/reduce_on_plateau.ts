// The plateau rule on an optimizer's groups.
import { UsageError } from "../errors.js";
import { Plateau, type PlateauOptions, type PlateauState, Schedule } from "../schedule/index.js";
import type { Scheduled } from "./values.js";

/** What the rule needs of an optimizer. */
export interface RatedOptimizer {
  readonly paramGroups: readonly { lr: Scheduled }[];
  stats(): Promise<{ readonly step: number }>;
}

/** A schedule of the user's, and what all reductions together have made of it: one scale, however many they were. */
interface Reduction {
  readonly of: Schedule;
  readonly scale: number;
  readonly made: Schedule;
}

/**
 * Reduces the learning rates when a metric has stopped improving: after more than `patience` metrics in a row that are not better
 * than the best one, each group's rate becomes max(rate * factor, minLr), unless that is less than `eps` away.
 *
 * A group whose rate is a number gets a new number. One that follows a schedule goes on with it, scaled by what the rule makes of the
 * rate of the coming step; minLr and eps are compared with that rate, and later steps of the schedule may lie below minLr.
 *
 * Range:  the options of `schedule.Plateau`; minLr = 0, one number or one a group.
 * Throws: UsageError for an unknown option or mode, a number out of range, or a minLr for another number of groups.
 * Source: PyTorch's ReduceLROnPlateau, to which it is equal in float64 where rates are numbers.
 */
export class ReduceLROnPlateau {
  private readonly plateau: Plateau;
  private readonly reductions: (Reduction | undefined)[] = [];

  constructor(
    private readonly optimizer: RatedOptimizer,
    options: PlateauOptions = {},
  ) {
    if (!Array.isArray(optimizer?.paramGroups)) throw new UsageError(`ReduceLROnPlateau: the first argument must be an optimizer, got ${optimizer === null ? "null" : typeof optimizer}`);
    this.plateau = new Plateau(options, "ReduceLROnPlateau");
    const groups = optimizer.paramGroups.length;
    if (Array.isArray(options.minLr) && options.minLr.length !== groups) {
      throw new UsageError(`ReduceLROnPlateau: minLr needs one value a group, got ${options.minLr.length} for ${groups}; give one number for all`);
    }
  }

  /**
   * Takes the next metric, once an epoch or an evaluation. True if the rule was due and looked at the rates.
   *
   * Throws: UsageError for anything but a number. A metric that is not finite is one that is no better.
   */
  async step(metric: number): Promise<boolean> {
    const groups = this.optimizer.paramGroups;
    // Before the metric counts: if the read fails, nothing has happened.
    const t = groups.some(({ lr }) => lr instanceof Schedule) ? (await this.optimizer.stats()).step : 0;
    const isDue = this.plateau.observe(metric);
    if (isDue) groups.forEach((_, group) => this.reduce(group, t));
    return isDue;
  }

  /** The rule's part of a checkpoint, plain data. The rates themselves are in the optimizer's state. */
  stateDict(): PlateauState {
    return this.plateau.state;
  }

  /** Throws UsageError, and changes nothing, for anything but a state. */
  loadStateDict(state: PlateauState): void {
    this.plateau.state = state;
  }

  private reduce(index: number, t: number): void {
    const group = this.optimizer.paramGroups[index]!;
    const { lr } = group;
    const now = lr instanceof Schedule ? lr.at(t) : lr;
    const reduced = this.plateau.reduce(now, index);
    if (reduced === now) return;
    if (!(lr instanceof Schedule)) {
      group.lr = reduced;
      return;
    }
    const before = this.reductions[index];
    const { of, scale } = before?.made === lr ? before : { of: lr, scale: 1 };
    const next = scale * (reduced / now);
    const made = of.scale(next);
    group.lr = made;
    this.reductions[index] = { of, scale: next, made };
  }
}
