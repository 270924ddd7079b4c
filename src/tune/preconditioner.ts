// How far an optimizer's step may go in a direction of given curvature, and how it scales directions.
//
// On a quadratic with Hessian H an optimizer whose scaling P has settled moves each eigenmode of P^-1 H by a linear
// recurrence of its own, which stays bounded while lr * eigenvalue < c. P^-1 H has the eigenvalues of the symmetric
// P^-1/2 H P^-1/2.

/** The options of a group at one step, with every schedule replaced by its value. */
export type StepOptions = Readonly<Record<string, unknown>>;

/** P of one element. */
export interface Scaling {
  /** At the coming step, the parameter's `step`-th, with gradient g; from what the moments hold now. */
  upcoming(moment: (name: string) => number, g: number, step: number, options: StepOptions): number;
  /** From the mean of squared gradients, as if the optimizer had stood still here for long. */
  settled(squares: number, options: StepOptions): number;
}

/** What this file knows of an algorithm. */
export interface StabilityRule {
  /** c: the step is stable on a mode of P^-1 H while lr times its eigenvalue is below this. */
  threshold(options: StepOptions): number;
  /** Absent where P = 1. */
  scaling?: Scaling;
  /** Whether weight decay is part of the gradient, so that it adds to the Hessian. */
  coupledDecay(options: StepOptions): boolean;
}

const number = (options: StepOptions, name: string) => options[name] as number;
const betas = (options: StepOptions) => options.betas as readonly [number, number];
const rootOf = (squares: number, options: StepOptions) => Math.sqrt(squares) + number(options, "eps");
const unlessDecoupled = (options: StepOptions) => options.decoupledWeightDecay !== true;

/** A running mean of gradients, m = beta m + (1 - beta) g. */
const meanOfGradients = (options: StepOptions) => (2 * (1 + betas(options)[0])) / (1 - betas(options)[0]);

const nextMean = (mean: number, value: number, beta: number) => mean + (1 - beta) * (value - mean);

const adam: Scaling = {
  upcoming(moment, g, step, options) {
    const [beta1, beta2] = betas(options);
    const mean = nextMean(moment("v"), g * g, beta2);
    const squares = options.amsgrad === true ? Math.max(mean, moment("highest")) : mean;
    if (options.biasCorrection === false) return rootOf(squares, options);
    return (1 - beta1 ** step) * rootOf(squares / (1 - beta2 ** step), options);
  },
  settled: rootOf,
};

const radam: Scaling = {
  upcoming(moment, g, step, options) {
    const [beta1, beta2] = betas(options);
    const corrected = Math.sqrt(1 - beta2 ** step);
    const factor = rectification(step, beta2);
    // Too early to know the variance: momentum alone.
    if (factor === 0) return 1 - beta1 ** step;
    return ((1 - beta1 ** step) * rootOf(nextMean(moment("v"), g * g, beta2), options)) / (factor * corrected);
  },
  settled: rootOf,
};

const rmsprop: Scaling = {
  upcoming(moment, g, _, options) {
    const alpha = number(options, "alpha");
    const mean = options.centered === true ? nextMean(moment("average"), g, alpha) : 0;
    return rootOf(Math.max(0, nextMean(moment("square"), g * g, alpha) - mean * mean), options);
  },
  settled: rootOf,
};

const adagrad: Scaling = {
  upcoming: (moment, g, step, options) => (1 + (step - 1) * number(options, "lrDecay")) * rootOf(moment("sum") + g * g, options),
  // A sum never settles: the first step's.
  settled: (squares, options) => rootOf(number(options, "initialAccumulatorValue") + squares, options),
};

/** Liu et al. 2020, arXiv 1908.03265, algorithm 2; 0 while rho_t <= 5. */
function rectification(t: number, beta2: number): number {
  const longest = 2 / (1 - beta2) - 1;
  const length = longest - (2 * t * beta2 ** t) / (1 - beta2 ** t);
  if (length <= 5) return 0;
  return Math.sqrt((((length - 4) * (length - 2)) / ((longest - 4) * (longest - 2))) * (longest / length));
}

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
 * Rules by the algorithm's name. Lion has none: its step is as long whatever the gradient, so no rate is stable in this
 * sense.
 *
 * Adam's P_t = (1 - beta1^t) (sqrt(v_hat) + eps) and its threshold 2 (1 + beta1) / ((1 - beta1) lr) are those of
 * Cohen et al. 2022, arXiv 2207.14484. Adam adds weight decay to the gradient, and so to the Hessian, before P divides
 * it; AdamW's decoupled decay stays outside: it shrinks every mode by lr * weightDecay, small against the threshold.
 */
export const stabilityRules: Readonly<Record<string, StabilityRule>> = {
  SGD: { threshold: sgdThreshold, coupledDecay: unlessDecoupled },
  Adam: { threshold: meanOfGradients, scaling: adam, coupledDecay: () => true },
  AdamW: { threshold: meanOfGradients, scaling: adam, coupledDecay: () => false },
  GIAdam: { threshold: meanOfGradients, scaling: adam, coupledDecay: () => false },
  RAdam: { threshold: meanOfGradients, scaling: radam, coupledDecay: unlessDecoupled },
  RMSprop: { threshold: (options) => 2 * (1 + number(options, "momentum")), scaling: rmsprop, coupledDecay: () => true },
  Adagrad: { threshold: () => 2, scaling: adagrad, coupledDecay: () => true },
};
