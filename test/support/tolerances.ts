// The only place with tolerances. A value passes when |got - want| <= absolute + relative * max(|want|, scale),
// where scale is the largest |want| of the case times `ofScale`: sums of many terms err in proportion to their terms.

export interface Tolerance {
  relative: number;
  absolute: number;
  /** Share of the case's largest |want| that counts as scale. */
  ofScale: number;
}

export type ToleranceClass = keyof typeof tolerances;

export const tolerances = {
  /** Copies, indices, comparisons: the same bits. */
  exact: { relative: 0, absolute: 0, ofScale: 0 },
  /** A few correctly rounded operations an element: f32 rounding is 6e-8; division is 2.5 ulp in WGSL. */
  arithmetic: { relative: 1e-6, absolute: 1e-7, ofScale: 0 },
  /** exp, log, tanh, pow, sin: WGSL's accuracy table; tanh's absolute error is 1.5e-7 everywhere, exp's 17 ulp. */
  transcendental: { relative: 5e-6, absolute: 1e-6, ofScale: 0 },
  /** f16 in memory: results and what is saved for backward are rounded to 2^-11 each, values near the largest matter most. */
  half: { relative: 2e-3, absolute: 1e-4, ofScale: 0.25 },
  /** Gradients there: from a saved y that is close to 1, 1 - y keeps an error of 2^-12. */
  halfGradient: { relative: 2e-3, absolute: 5e-4, ofScale: 0.25 },
  /** Products and their gradients inside autocast, against operands that were not rounded to f16. */
  autocast: { relative: 2e-3, absolute: 1e-3, ofScale: 1 },
  /** Sums over hundreds of terms, means, norms, softmax. */
  reduction: { relative: 5e-6, absolute: 1e-6, ofScale: 0.2 },
  /** Inner products over hundreds of terms. */
  matmul: { relative: 5e-6, absolute: 1e-6, ofScale: 1 },
  /** Gradients: products of several of the above. */
  gradient: { relative: 2e-5, absolute: 2e-6, ofScale: 0.2 },
  /** Parameters after a trajectory of optimizer steps: relative, with a floor for elements that pass through 0. */
  optimizer: { relative: 1e-5, absolute: 0, ofScale: 0.05 },
  /** A whole network: logits, gradients and the trajectory of a training run, each tensor against its largest value. */
  model: { relative: 1e-4, absolute: 1e-7, ofScale: 1 },
  /** The ONNX backend suite's cases: rtol 1e-4, atol 1e-5 (upstream allows 1e-3 and 1e-7). */
  onnx: { relative: 1e-4, absolute: 1e-5, ofScale: 0 },
  /** Losses of a few training steps on two builds of one driver, whose compilers may round differently. */
  trajectory: { relative: 1e-4, absolute: 0, ofScale: 0 },
} as const satisfies Record<string, Tolerance>;

export interface Comparison {
  /** Largest share of the bound used; a value above 1 fails. */
  worst: number;
  message: string;
}

/** Compares all elements, NaN equal to NaN and infinities by sign. */
export function compare(got: ArrayLike<number>, want: ArrayLike<number>, kind: ToleranceClass): Comparison {
  const { relative, absolute, ofScale }: Tolerance = tolerances[kind];
  if (got.length !== want.length) return { worst: Infinity, message: `${got.length} values, expected ${want.length}` };
  let scale = 0;
  for (let i = 0; i < want.length; i++) if (Number.isFinite(want[i]!)) scale = Math.max(scale, Math.abs(want[i]!));
  let worst = 0;
  let at = -1;
  for (let i = 0; i < want.length; i++) {
    const bound = absolute + relative * Math.max(Math.abs(want[i]!), scale * ofScale);
    const share = shareOfBound(got[i]!, want[i]!, bound);
    if (share > worst) {
      worst = share;
      at = i;
    }
  }
  return { worst, message: `element ${at}: got ${got[at]}, want ${want[at]}, ${worst.toFixed(2)}x the ${kind} bound` };
}

function shareOfBound(got: number, want: number, bound: number): number {
  if (Number.isNaN(want)) return Number.isNaN(got) ? 0 : Infinity;
  if (got === want) return 0;
  const difference = Math.abs(got - want);
  return Number.isFinite(difference) && bound > 0 ? difference / bound : Infinity;
}

/** The same bound for a whole tensor: |got - want| <= absolute + relative * |want| in the Euclidean norm. */
export function compareNorms(got: ArrayLike<number>, want: ArrayLike<number>, kind: ToleranceClass): Comparison {
  const { relative, absolute }: Tolerance = tolerances[kind];
  const norm = (f: (i: number) => number) => Math.sqrt(Array.from({ length: want.length }, (_, i) => f(i) ** 2).reduce((sum, square) => sum + square, 0));
  const difference = got.length === want.length ? norm((i) => got[i]! - want[i]!) : Infinity;
  const size = norm((i) => want[i]!);
  const worst = shareOfBound(difference, 0, absolute + relative * size);
  return { worst, message: `difference of norm ${difference} from a tensor of norm ${size}, ${worst.toFixed(2)}x the ${kind} bound` };
}
