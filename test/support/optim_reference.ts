// Optimizers on the host in float64, one parameter at a time, written from PyTorch's documentation and the papers. Shares
// no code with src.

export interface ReferenceGroup {
  /** Learning rate at optimizer step t, the first being t = 0. */
  lr(t: number): number;
  weightDecay: number;
  betas?: readonly [number, number];
  eps?: number;
  momentum?: number;
  dampening?: number;
  nesterov?: boolean;
  decoupledWeightDecay?: boolean;
  amsgrad?: boolean;
  biasCorrection?: boolean;
  lrDecay?: number;
  initialAccumulatorValue?: number;
  alpha?: number;
  centered?: boolean;
  maximize?: boolean;
}

export interface ReferenceParameter {
  group: number;
  value: Float64Array;
  /** Steps this parameter has taken. */
  steps: number;
  /** Running state of each element, by name; 0 at first. */
  state: Record<string, Float64Array>;
}

/** One element's update. `s` reads and writes its state; `step` counts from 1; gives the new value. */
type Rule = (x: number, g: number, group: ReferenceGroup, rate: number, step: number, s: { [name: string]: number }) => number;

const adamLike =
  (decoupled: boolean, gradientInit: boolean): Rule =>
  (x, g, { weightDecay, betas: [b1, b2] = [0.9, 0.999], eps = 1e-8, amsgrad, biasCorrection = true }, rate, step, s) => {
    if (decoupled) x *= 1 - rate * weightDecay;
    else g += weightDecay * x;
    if (gradientInit && step === 1) s.v = g * g;
    s.m = b1 * s.m! + (1 - b1) * g;
    s.v = b2 * s.v! + (1 - b2) * g * g;
    s.top = Math.max(s.top!, s.v);
    const [c1, c2] = biasCorrection ? [1 - b1 ** step, 1 - b2 ** step] : [1, 1];
    return x - (rate * (s.m / c1)) / (Math.sqrt(amsgrad ? s.top : s.v) / Math.sqrt(c2) + eps);
  };

const sgd: Rule = (x, g, { weightDecay, momentum = 0, dampening = 0, nesterov, decoupledWeightDecay }, rate, step, s) => {
  if (decoupledWeightDecay) x -= rate * weightDecay * x;
  else g += weightDecay * x;
  if (momentum === 0) return x - rate * g;
  s.buffer = step === 1 ? g : momentum * s.buffer! + (1 - dampening) * g;
  return x - rate * (nesterov ? g + momentum * s.buffer : s.buffer);
};

const adagrad: Rule = (x, g, { weightDecay, lrDecay = 0, initialAccumulatorValue = 0, eps = 1e-10 }, rate, step, s) => {
  g += weightDecay * x;
  s.sum = (step === 1 ? initialAccumulatorValue : s.sum!) + g * g;
  return x - ((rate / (1 + (step - 1) * lrDecay)) * g) / (Math.sqrt(s.sum) + eps);
};

const rmsprop: Rule = (x, g, { weightDecay, alpha = 0.99, eps = 1e-8, momentum = 0, centered }, rate, _step, s) => {
  g += weightDecay * x;
  s.square = alpha * s.square! + (1 - alpha) * g * g;
  s.average = alpha * s.average! + (1 - alpha) * g;
  const d = g / (Math.sqrt(centered ? s.square - s.average ** 2 : s.square) + eps);
  if (momentum === 0) return x - rate * d;
  s.buffer = momentum * s.buffer! + d;
  return x - rate * s.buffer;
};

const lion: Rule = (x, g, { weightDecay, betas: [b1, b2] = [0.9, 0.99] }, rate, _step, s) => {
  const direction = Math.sign(b1 * s.m! + (1 - b1) * g);
  s.m = b2 * s.m! + (1 - b2) * g;
  return x * (1 - rate * weightDecay) - rate * direction;
};

const radam: Rule = (x, g, { weightDecay, betas: [b1, b2] = [0.9, 0.999], eps = 1e-8, decoupledWeightDecay }, rate, step, s) => {
  if (decoupledWeightDecay) x *= 1 - rate * weightDecay;
  else g += weightDecay * x;
  s.m = b1 * s.m! + (1 - b1) * g;
  s.v = b2 * s.v! + (1 - b2) * g * g;
  const mean = s.m / (1 - b1 ** step);
  const longest = 2 / (1 - b2) - 1;
  const length = longest - (2 * step * b2 ** step) / (1 - b2 ** step);
  if (length <= 5) return x - rate * mean;
  const rectification = Math.sqrt(((length - 4) * (length - 2) * longest) / ((longest - 4) * (longest - 2) * length));
  return x - (rate * mean * rectification * Math.sqrt(1 - b2 ** step)) / (Math.sqrt(s.v) + eps);
};

const rules = {
  AdamW: adamLike(true, false),
  Adam: adamLike(false, false),
  GIAdam: adamLike(true, true),
  SGD: sgd,
  Adagrad: adagrad,
  RMSprop: rmsprop,
  Lion: lion,
  RAdam: radam,
} as const satisfies Record<string, Rule>;

export type ReferenceAlgorithm = keyof typeof rules;

export class ReferenceOptimizer {
  readonly parameters: ReferenceParameter[];
  t = 0;
  skipped = 0;
  clipped = 0;
  norm = 0;

  constructor(
    private readonly algorithm: ReferenceAlgorithm,
    readonly groups: ReferenceGroup[],
    values: readonly { group: number; value: ArrayLike<number> }[],
    private readonly clipNorm: number | null = null,
    private readonly clipValue: number | null = null,
  ) {
    this.parameters = values.map(({ group, value }) => ({ group, value: Float64Array.from(value), steps: 0, state: {} }));
  }

  /** One gradient a parameter, or null for none. */
  step(gradients: readonly (ArrayLike<number> | null)[]): void {
    let squares = 0;
    for (const gradient of gradients) for (let i = 0; i < (gradient?.length ?? 0); i++) squares += gradient![i]! ** 2;
    this.norm = Math.sqrt(squares);
    if (!Number.isFinite(this.norm)) {
      this.skipped++;
      return;
    }
    const scale = this.clipNorm === null ? 1 : Math.min(1, this.clipNorm / (this.norm + 1e-6));
    const limit = this.clipValue ?? Infinity;
    const over = gradients.some((gradient) => gradient && Array.from(gradient).some((g) => Math.abs(g) > limit));
    if (scale < 1 || over) this.clipped++;
    this.parameters.forEach((parameter, i) => {
      const gradient = gradients[i];
      if (gradient) this.update(parameter, Array.from(gradient, (g) => Math.max(-limit, Math.min(limit, g * scale))));
    });
    this.t++;
  }

  private update(parameter: ReferenceParameter, gradient: readonly number[]): void {
    parameter.steps++;
    const { value, state } = parameter;
    const group = this.groups[parameter.group]!;
    gradient.forEach((g, i) => {
      const element: { [name: string]: number } = {};
      for (const name of ["m", "v", "top", "buffer", "sum", "square", "average"]) element[name] = state[name]?.[i] ?? 0;
      value[i] = rules[this.algorithm](value[i]!, group.maximize ? -g : g, group, group.lr(this.t), parameter.steps, element);
      for (const [name, number] of Object.entries(element)) (state[name] ??= new Float64Array(value.length))[i] = number;
    });
  }
}
