// Images of digits without a file: a 3x5 font stretched to 4x6, moved about, with uneven ink and noise: a small net gets about one in ten wrong.
import { Generator } from "kiln-gpu";

/** Five rows of three pixels a digit, a pixel a bit. */
const font = [
  [7, 5, 5, 5, 7], [2, 6, 2, 2, 7], [7, 1, 7, 4, 7], [7, 1, 3, 1, 7], [5, 5, 7, 1, 1],
  [7, 4, 7, 1, 7], [7, 4, 7, 5, 7], [7, 1, 1, 2, 2], [7, 5, 7, 5, 7], [7, 5, 7, 1, 7],
] as const;
const side = 8;
export const pixels = side * side;
export const classes = 10;
/** Standard deviation of the noise, beside ink of 0.5 to 1. */
const noise = 0.15;

export interface Digits {
  /** [count, 64], about 0 to 1. */
  images: Float32Array;
  labels: Int32Array;
  count: number;
}

/** The same for the same seed. */
export function drawDigits(count: number, seed: number): Digits {
  const generator = new Generator(seed);
  const images = generator.normal(count * pixels).map((value) => noise * value);
  const chances = generator.uniform(count * (pixels + 2));
  const labels = Int32Array.from({ length: count }, (_, i) => i % classes);
  for (let i = 0; i < count; i++) {
    const [left, top] = [0, 1].map((k) => Math.floor(2 * chances[i * (pixels + 2) + k]!)) as [number, number];
    for (let at = 0; at < pixels; at++) {
      const [column, row] = [Math.floor(((at % side) - left) * 0.75), Math.floor((Math.floor(at / side) - top) * (5 / 6))];
      const inked = column >= 0 && column < 3 && row >= 0 && row < 5 && ((font[labels[i]!]![row]! >> (2 - column)) & 1) === 1;
      if (inked) images[i * pixels + at]! += 0.5 + 0.5 * chances[i * (pixels + 2) + 2 + at]!;
    }
  }
  return { images, labels, count };
}

export interface DigitBatch {
  x: Float32Array;
  y: Int32Array;
}

/** Batches of an epoch, in an order that the seed and the epoch's number decide; what does not fill a batch is left out. */
export function epochOf({ images, labels, count }: Digits, batch: number, seed: number, epoch: number): DigitBatch[] {
  const chances = new Generator(seed * 1000 + epoch).uniform(count);
  const order = Array.from({ length: count }, (_, i) => i).sort((a, b) => chances[a]! - chances[b]!);
  return Array.from({ length: Math.floor(count / batch) }, (_, at) => {
    const rows = order.slice(at * batch, (at + 1) * batch);
    const x = new Float32Array(batch * pixels);
    rows.forEach((row, i) => x.set(images.subarray(row * pixels, (row + 1) * pixels), i * pixels));
    return { x, y: Int32Array.from(rows, (row) => labels[row]!) };
  });
}
