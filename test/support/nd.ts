// Float64 arrays for references. Shares no code with src.

export interface Nd {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export function nd(shape: readonly number[], data: ArrayLike<number> | ((index: number) => number)): Nd {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const values = typeof data === "function" ? Float64Array.from({ length: size }, (_, i) => data(i)) : Float64Array.from(data);
  if (values.length !== size) throw new Error(`nd: ${values.length} values for shape [${shape.join(", ")}]`);
  return { shape: [...shape], data: values };
}

/** Calls `visit` with each index tuple, row-major. The tuple is reused. */
export function eachIndex(shape: readonly number[], visit: (index: number[], flat: number) => void): void {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const index = shape.map(() => 0);
  for (let flat = 0; flat < size; flat++) {
    visit(index, flat);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      if (index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
}

/** Row-major position of an index tuple. */
export function flatIndex(shape: readonly number[], index: readonly number[]): number {
  let flat = 0;
  for (let axis = 0; axis < shape.length; axis++) flat = flat * shape[axis]! + index[axis]!;
  return flat;
}

/** Elementwise over operands broadcast together, as NumPy does. */
export function broadcastMap(operands: readonly Nd[], f: (...values: number[]) => number): Nd {
  const rank = Math.max(...operands.map((x) => x.shape.length));
  const shape = Array.from({ length: rank }, (_, axis) =>
    Math.max(...operands.map((x) => x.shape[axis - rank + x.shape.length] ?? 1)),
  );
  if (operands.some((x) => x.shape.includes(0))) shape.forEach((_, axis) => {
    if (operands.some((x) => x.shape[axis - rank + x.shape.length] === 0)) shape[axis] = 0;
  });
  const out = nd(shape, () => 0);
  eachIndex(shape, (index, flat) => {
    const values = operands.map((x) => {
      const own = x.shape.map((extent, axis) => (extent === 1 ? 0 : index[axis + rank - x.shape.length]!));
      return x.data[flatIndex(x.shape, own)]!;
    });
    out.data[flat] = f(...values);
  });
  return out;
}

/** The half nearest to x, of two the even one: its spacing is a 1024th of the power of two below x, at least 2^-24. */
export function roundToHalf(x: number): number {
  const size = Math.abs(x);
  if (size >= 65520) return Math.sign(x) * Infinity;
  if (!(size > 0)) return x;
  let power = 2 ** -14;
  while (2 * power <= size) power *= 2;
  const count = size / (power / 1024);
  const below = Math.floor(count);
  const up = count - below > 0.5 || (count - below === 0.5 && below % 2 === 1);
  return (Math.sign(x) * (below + (up ? 1 : 0)) * power) / 1024;
}

/** Deterministic random numbers for test data (mulberry32), unrelated to the generator under test. */
export function testRandom(seed: number): { uniform(): number; normal(): number; integer(bound: number): number } {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uniform, normal, integer: (bound) => Math.floor(uniform() * bound) };
}
