// How far an optimizer's step may go in a direction of given curvature, and how it scales directions.
//
// On a quadratic with Hessian H an optimizer whose scaling P has settled moves each eigenmode of P^-1 H by a linear
// recurrence of its own, which stays bounded while lr * eigenvalue < c. P^-1 H has the eigenvalues of the symmetric
// P^-1/2 H P^-1/2.

/** The options of a group at one step, with every schedule replaced by its value. */
export type StepOptions = Readonly<Record<string, unknown>>;

/** P of one element, P = 1 where an algorithm has none. */
export interface Scaling {
  /** What holds the running mean, or the sum, of squared gradients. */
  moment: string;
  /** The moment after a step with this squared gradient. */
  next(moment: number, square: number, options: StepOptions): number;
  /** From the moment after `step` steps of the parameter. */
  of(moment: number, step: number, options: StepOptions): number;
  /** From the mean of squared gradients, as if the optimizer had stood still here for long. */
  settled(squares: number, options: StepOptions): number;
}

/** What this file knows of an algorithm. */
export interface StabilityRule {
  /** c: the step is stable on a mode of P^-1 H while lr times its eigenvalue is below this. */
  threshold(options: StepOptions): number;
  scaling?: Scaling;
  /** Whether weight decay is part of the gradient, so that it adds to the Hessian. */
  coupledDecay: boolean;
}

const number = (options: StepOptions, name: string) => options[name] as number;
const betas = (options: StepOptions) => options.betas as readonly [number, number];

/** A running mean of gradients, m = beta m + (1 - beta) g. */
const meanOfGradients = (options: StepOptions) => (2 * (1 + betas(options)[0])) / (1 - betas(options)[0]);

const adam: Scaling = {
  moment: "v",
  next: (v, square, options) => v + (1 - betas(options)[1]) * (square - v),
  of(v, step, options) {
    const [beta1, beta2] = betas(options);
    return (1 - beta1 ** step) * (Math.sqrt(v / (1 - beta2 ** step)) + number(options, "eps"));
  },
  settled: (squares, options) => Math.sqrt(squares) + number(options, "eps"),
};

/**
 * Heavy ball, b = mu b + (1 - dampening) g: lr lambda < 2 (1 + mu) / (1 - dampening). Nesterov: 2 (1 + mu) / (1 + 2 mu).
 *
 * Source: the roots of the modes' recurrences; Cohen et al. 2021, arXiv 2103.00065, appendix B.
 */
function sgdThreshold(options: StepOptions): number {
  const momentum = number(options, "momentum");
  if (options.nesterov === true) return (2 * (1 + momentum)) / (1 + 2 * momentum);
  return (2 * (1 + momentum)) / (momentum === 0 ? 1 : 1 - number(options, "dampening"));
}

/**
 * Rules by the algorithm's name.
 *
 * Adam's P_t = (1 - beta1^t) (sqrt(v_hat) + eps) and its threshold 2 (1 + beta1) / ((1 - beta1) lr) are those of
 * Cohen et al. 2022, arXiv 2207.14484. Adam adds weight decay to the gradient, and so to the Hessian, before P divides
 * it; AdamW's decoupled decay stays outside: it shrinks every mode by lr * weightDecay, small against the threshold.
 */
export const stabilityRules: Readonly<Record<string, StabilityRule>> = {
  SGD: { threshold: sgdThreshold, coupledDecay: true },
  Adam: { threshold: meanOfGradients, scaling: adam, coupledDecay: true },
  AdamW: { threshold: meanOfGradients, scaling: adam, coupledDecay: false },
};
