// The rule of reduce-on-plateau: the one schedule that follows a metric, and so has a state.
import { UsageError } from "../errors.js";
import { checkNumber, checkOptions } from "../options.js";
import { checkChoice, checkSteps, printed } from "./checks.js";

/** Options of `Plateau` and `ReduceLROnPlateau`. */
export interface PlateauOptions {
  readonly mode?: "min" | "max";
  readonly factor?: number;
  readonly patience?: number;
  readonly threshold?: number;
  readonly thresholdMode?: "rel" | "abs";
  readonly cooldown?: number;
  /** For all groups, or one for each. */
  readonly minLr?: number | readonly number[];
  readonly eps?: number;
}

/** Plain data for a checkpoint. */
export interface PlateauState {
  /** The best metric so far; null before the first one. */
  readonly best: number | null;
  /** Metrics in a row that were no better. */
  readonly bad: number;
  /** Metrics that will not count as bad any more. */
  readonly cooldown: number;
  readonly observed: number;
  readonly reduced: number;
}

const known = ["mode", "factor", "patience", "threshold", "thresholdMode", "cooldown", "minLr", "eps"];
const first: PlateauState = Object.freeze({ best: null, bad: 0, cooldown: 0, observed: 0, reduced: 0 });

/**
 * Says when a metric has stopped improving, and what a rate is then: after more than `patience` metrics in a row that are not
 * better than the best one, max(lr * factor, minLr), unless that is less than `eps` away.
 *
 * Better than best is, in mode "min": below best * (1 - threshold) with thresholdMode "rel", below best - threshold with "abs";
 * in mode "max": above best * (1 + threshold), above best + threshold. After a reduction `cooldown` metrics do not count as bad.
 * A metric that is not finite is never better.
 *
 * Range:  mode = "min"; factor = 0.1 in [0, 1); patience = 10, >= 0; threshold = 1e-4, >= 0 (below 1 for "min" and "rel", which is
 *         meant for positive metrics); thresholdMode = "rel"; cooldown = 0, >= 0; minLr = 0, >= 0, one or one a group; eps = 1e-8, >= 0.
 * Throws: UsageError for an unknown option or mode, or a number out of range.
 * Source: PyTorch's ReduceLROnPlateau; He et al., "Deep residual learning", 2015 (a tenth when the error plateaus).
 */
export class Plateau {
  private readonly options: Required<PlateauOptions>;
  private current = first;

  constructor(options: PlateauOptions = {}, private readonly where = "Plateau") {
    checkOptions(where, options, known);
    const { mode = "min", factor = 0.1, patience = 10, threshold = 1e-4, thresholdMode = "rel", cooldown = 0, minLr = 0, eps = 1e-8 } = options;
    checkChoice(where, "mode", mode, { min: true, max: true });
    checkChoice(where, "thresholdMode", thresholdMode, { rel: true, abs: true });
    checkNumber(where, "factor", factor, { min: 0, below: 1 });
    checkSteps(where, "patience", patience);
    checkNumber(where, "threshold", threshold, mode === "min" && thresholdMode === "rel" ? { min: 0, below: 1 } : { min: 0 });
    checkSteps(where, "cooldown", cooldown);
    for (const lowest of lowestRates(minLr)) checkNumber(where, "minLr", lowest, { min: 0 });
    checkNumber(where, "eps", eps, { min: 0 });
    this.options = { mode, factor, patience, threshold, thresholdMode, cooldown, minLr: typeof minLr === "number" ? minLr : [...minLr], eps };
  }

  /** Takes the next metric. True if the rates are to be reduced now. Throws UsageError for anything but a number. */
  observe(metric: number): boolean {
    if (typeof metric !== "number") throw new UsageError(`${this.where}: the metric must be a number, got ${printed(metric)}; await its item()`);
    const { best, bad, cooldown, observed, reduced } = this.current;
    const isBetter = this.isBetter(metric, best);
    const inARow = isBetter || cooldown > 0 ? 0 : bad + 1;
    const isDue = inARow > this.options.patience;
    this.current = {
      best: isBetter ? metric : best,
      bad: isDue ? 0 : inARow,
      cooldown: isDue ? this.options.cooldown : Math.max(0, cooldown - 1),
      observed: observed + 1,
      reduced: reduced + (isDue ? 1 : 0),
    };
    return isDue;
  }

  /** What a reduction makes of the rate of a group. It never raises one. */
  reduce(lr: number, group = 0): number {
    const { factor, minLr, eps } = this.options;
    const lowest = typeof minLr === "number" ? minLr : minLr[group];
    if (lowest === undefined) throw new UsageError(`${this.where}: minLr needs one value a group, got none for group ${group}; give one number for all`);
    const reduced = Math.max(lr * factor, lowest);
    return lr - reduced > eps ? reduced : lr;
  }

  /** factor^n after n reductions: what is left of a rate that neither minLr nor eps has stopped. */
  get scale(): number {
    return this.options.factor ** this.current.reduced;
  }

  get state(): PlateauState {
    return { ...this.current };
  }

  /** Throws UsageError, and changes nothing, for anything but a state. */
  set state(state: PlateauState) {
    const where = `${this.where}: state`;
    if (typeof state !== "object" || state === null) throw new UsageError(`${where} must be an object, got ${printed(state)}`);
    checkOptions(where, state, Object.keys(first));
    const { best, bad, cooldown, observed, reduced } = state;
    if (best !== null) checkNumber(where, "best", best);
    this.current = {
      best,
      bad: checkSteps(where, "bad", bad),
      cooldown: checkSteps(where, "cooldown", cooldown),
      observed: checkSteps(where, "observed", observed),
      reduced: checkSteps(where, "reduced", reduced),
    };
  }

  private isBetter(metric: number, best: number | null): boolean {
    if (!Number.isFinite(metric)) return false;
    if (best === null) return true;
    const { mode, threshold, thresholdMode } = this.options;
    if (mode === "min") return metric < (thresholdMode === "rel" ? best * (1 - threshold) : best - threshold);
    return metric > (thresholdMode === "rel" ? best * (1 + threshold) : best + threshold);
  }
}

function lowestRates(minLr: unknown): readonly unknown[] {
  return Array.isArray(minLr) ? minLr : [minLr];
}
