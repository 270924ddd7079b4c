// Backtracking until a step lowers a function of one number enough.

/** A function of one number that is costly to evaluate. NaN and infinities count as too high. */
export type Line = (alpha: number) => number | Promise<number>;

/** One step size that was tried. */
export interface Trial {
  alpha: number;
  /** phi(alpha). May be NaN or infinite. */
  value: number;
}

/** How a line search ended. */
export type LineOutcome =
  /** A step that meets the condition. */
  | "found"
  /** phi'(0) >= 0: no step along this direction goes down. */
  | "not descent"
  /** phi is the same number wherever it was tried. */
  | "flat"
  /** The evaluations ran out before a step met the condition. */
  | "no step"
  /** phi still fell at the largest step tried. */
  | "unbounded"
  /** phi(0) or its slope is NaN or infinite. */
  | "not finite";

export interface LineResult extends Trial {
  outcome: LineOutcome;
  /** All evaluations in order. */
  trials: Trial[];
}

export interface ArmijoOptions {
  /** phi(0). */
  value: number;
  /** phi'(0). */
  slope: number;
  /** The first step tried. */
  start: number;
  /** What a step that fails is multiplied by. */
  shrink: number;
  /** c: the share of the slope's promise that counts as enough. */
  sufficient: number;
  /** Whether a first step that holds is made longer for as long as that lowers phi. */
  expand: boolean;
  maxEvaluations: number;
}

/** phi(alpha) <= phi(0) + c alpha phi'(0). */
export function armijoHolds({ alpha, value }: Trial, at: Pick<ArmijoOptions, "value" | "slope" | "sufficient">): boolean {
  // A difference of f32 losses is exact; added to the loss, a small promise would be rounded away.
  return Number.isFinite(value) && value - at.value <= at.sufficient * alpha * at.slope;
}

/**
 * The first alpha of start, shrink * start, ... with phi(alpha) <= phi(0) + c alpha phi'(0). If `start` holds and
 * `expand` is set, the last of start, start / shrink, ... that holds and is lower than the one before.
 *
 * Shapes: numbers; alpha is 0 where none was found.
 * Range:  start > 0; 0 < shrink < 1; 0 < sufficient < 1; maxEvaluations >= 1.
 * Throws: what phi throws.
 * Source: Armijo 1966; Nocedal and Wright 2006, algorithm 3.1.
 */
export async function armijo(phi: Line, options: ArmijoOptions): Promise<LineResult> {
  const { value, slope, start, shrink, expand, maxEvaluations } = options;
  const trials: Trial[] = [];
  const stay = (outcome: LineOutcome): LineResult => ({ outcome, alpha: 0, value, trials });
  if (!Number.isFinite(value) || !Number.isFinite(slope)) return stay("not finite");
  if (slope >= 0) return stay("not descent");
  const attempt = async (alpha: number): Promise<Trial> => {
    const trial = { alpha, value: await phi(alpha) };
    trials.push(trial);
    return trial;
  };
  let best = await attempt(start);
  if (armijoHolds(best, options)) {
    while (expand && trials.length < maxEvaluations) {
      const longer = await attempt(best.alpha / shrink);
      if (!armijoHolds(longer, options) || longer.value >= best.value) return { outcome: "found", ...best, trials };
      best = longer;
    }
    return { outcome: expand ? "unbounded" : "found", ...best, trials };
  }
  while (trials.length < maxEvaluations) {
    best = await attempt(best.alpha * shrink);
    if (armijoHolds(best, options)) return { outcome: "found", ...best, trials };
  }
  return stay(trials.every((trial) => trial.value === value) ? "flat" : "no step");
}
