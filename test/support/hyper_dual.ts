// Exact second derivatives in float64: numbers a + b e1 + c e2 + d e1 e2 with e1^2 = e2^2 = 0.

export class HyperDual {
  constructor(
    readonly value: number,
    readonly first: number = 0,
    readonly second: number = 0,
    readonly both: number = 0,
  ) {}

  plus(other: HyperDual): HyperDual {
    return new HyperDual(this.value + other.value, this.first + other.first, this.second + other.second, this.both + other.both);
  }

  times(other: HyperDual): HyperDual {
    return new HyperDual(
      this.value * other.value,
      this.value * other.first + this.first * other.value,
      this.value * other.second + this.second * other.value,
      this.value * other.both + this.first * other.second + this.second * other.first + this.both * other.value,
    );
  }

  tanh(): HyperDual {
    const t = Math.tanh(this.value);
    const slope = 1 - t * t;
    return new HyperDual(t, slope * this.first, slope * this.second, slope * this.both - 2 * t * slope * this.first * this.second);
  }
}

/** The Hessian of f at x, row-major. */
export function exactHessian(f: (x: readonly HyperDual[]) => HyperDual, x: ArrayLike<number>): Float64Array {
  const n = x.length;
  const hessian = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      const point = Array.from({ length: n }, (_, k) => new HyperDual(x[k]!, k === i ? 1 : 0, k === j ? 1 : 0));
      hessian[i * n + j] = f(point).both;
    }
  return hessian;
}
