// Optimizers on the host in float64, one parameter at a time, written from PyTorch's documentation. Shares no code with src.

export interface ReferenceGroup {
  /** Learning rate at optimizer step t, the first being t = 0. */
  lr(t: number): number;
  weightDecay: number;
  betas?: readonly [number, number];
  eps?: number;
  momentum?: number;
  dampening?: number;
  nesterov?: boolean;
}

export interface ReferenceParameter {
  group: number;
  value: Float64Array;
  /** Steps this parameter has taken. */
  steps: number;
  first: Float64Array;
  second: Float64Array;
}

export type ReferenceAlgorithm = "AdamW" | "Adam" | "SGD";

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
  ) {
    this.parameters = values.map(({ group, value }) => ({
      group,
      value: Float64Array.from(value),
      steps: 0,
      first: new Float64Array(value.length),
      second: new Float64Array(value.length),
    }));
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
    let scale = 1;
    if (this.clipNorm !== null && this.clipNorm / (this.norm + 1e-6) < 1) {
      scale = this.clipNorm / (this.norm + 1e-6);
      this.clipped++;
    }
    this.parameters.forEach((parameter, i) => {
      const gradient = gradients[i];
      if (!gradient) return;
      parameter.steps++;
      const scaled = Array.from(gradient, (g) => g * scale);
      if (this.algorithm === "SGD") this.sgd(parameter, scaled);
      else this.adam(parameter, scaled);
    });
    this.t++;
  }

  private adam({ group, value, steps, first, second }: ReferenceParameter, gradient: number[]): void {
    const { lr, weightDecay, betas: [beta1, beta2] = [0.9, 0.999], eps = 1e-8 } = this.groups[group]!;
    const rate = lr(this.t);
    for (let i = 0; i < value.length; i++) {
      let g = gradient[i]!;
      if (this.algorithm === "AdamW") value[i]! *= 1 - rate * weightDecay;
      else g += weightDecay * value[i]!;
      first[i] = beta1 * first[i]! + (1 - beta1) * g;
      second[i] = beta2 * second[i]! + (1 - beta2) * g * g;
      const mean = first[i]! / (1 - beta1 ** steps);
      const variance = second[i]! / (1 - beta2 ** steps);
      value[i]! -= (rate * mean) / (Math.sqrt(variance) + eps);
    }
  }

  private sgd({ group, value, steps, first }: ReferenceParameter, gradient: number[]): void {
    const { lr, weightDecay, momentum = 0, dampening = 0, nesterov = false } = this.groups[group]!;
    for (let i = 0; i < value.length; i++) {
      const g = gradient[i]! + weightDecay * value[i]!;
      let direction = g;
      if (momentum !== 0) {
        first[i] = steps === 1 ? g : momentum * first[i]! + (1 - dampening) * g;
        direction = nesterov ? g + momentum * first[i]! : first[i]!;
      }
      value[i]! -= lr(this.t) * direction;
    }
  }
}
