// Half precision on the host: IEEE 754 binary16, which JavaScript has typed arrays for only in the newest engines.

/** The largest finite value. */
export const largestHalf = 65504;
/** The smallest normal value; below it, values are multiples of 2^-24. */
export const smallestNormalHalf = 2 ** -14;
/** From here on the nearest value is infinity: halfway between 65504 and what would be the next. */
const overflow = 65520;
const nan = 0x7e00;
const infinity = 0x7c00;

const scratch = new DataView(new ArrayBuffer(8));

/** The bits of the half nearest to `value`, of two equally near the even one. Rounds once, from float64. */
export function halfBits(value: number): number {
  scratch.setFloat64(0, value);
  const high = scratch.getUint16(0);
  const sign = high & 0x8000;
  const size = Math.abs(value);
  if (Number.isNaN(value)) return nan;
  if (size >= overflow) return sign | infinity;
  // A subnormal half counts 2^-24. Rounding up to 1024 of them gives the bits of the smallest normal.
  if (size < smallestNormalHalf) return sign | roundToEven(size * 2 ** 24);
  const exponent = ((high >>> 4) & 0x7ff) - 1023;
  // Rounding up to 2048 carries into the exponent.
  return sign | (((exponent + 14) << 10) + roundToEven(size * 2 ** (10 - exponent)));
}

/** The value of a half's bits: exact in f32. */
export function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/** For numbers below 2^52: the sum has no place for a fraction. */
function roundToEven(value: number): number {
  return value + 2 ** 52 - 2 ** 52;
}

/** The halves nearest to `values`. */
export function toHalves(values: ArrayLike<number>, halves: Uint16Array<ArrayBuffer> = new Uint16Array(values.length)): Uint16Array<ArrayBuffer> {
  for (let i = 0; i < values.length; i++) halves[i] = halfBits(values[i]!);
  return halves;
}

/** The values of halves. */
export function fromHalves(halves: Uint16Array): Float32Array {
  return Float32Array.from(halves, halfValue);
}
