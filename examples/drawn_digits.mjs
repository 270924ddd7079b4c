// Images of digits to learn from where there is no file: a 3x5 font stretched to 4x6, moved about, with uneven ink and noise.

/** Five rows of three pixels a digit, a pixel a bit. */
const font = [
  [7, 5, 5, 5, 7], [2, 6, 2, 2, 7], [7, 1, 7, 4, 7], [7, 1, 3, 1, 7], [5, 5, 7, 1, 1],
  [7, 4, 7, 1, 7], [7, 4, 7, 5, 7], [7, 1, 1, 2, 2], [7, 5, 7, 5, 7], [7, 5, 7, 1, 7],
];

/** Rows of 64 pixels from 0 to 16 and a label, the same for the same seed. */
export function drawnDigits(count, seed = 1) {
  let state = seed;
  // A linear congruential generator: good enough to scatter ink.
  const random = () => (state = (state * 1664525 + 1013904223) % 2 ** 32) / 2 ** 32;
  return Array.from({ length: count }, (_, i) => {
    const [left, top] = [1 + Math.floor(random() * 3), Math.floor(random() * 3)];
    const pixels = Array.from({ length: 64 }, (_, at) => {
      const [column, row] = [Math.floor(((at % 8) - left) * 0.75), Math.floor((Math.floor(at / 8) - top) * (5 / 6))];
      const inked = column >= 0 && column < 3 && row >= 0 && row < 5 && (font[i % 10][row] >> (2 - column)) & 1;
      return Math.min(16, Math.max(0, Math.round((inked ? 8 + 8 * random() : 0) + 5 * (random() - 0.5) + 2)));
    });
    return [...pixels, i % 10];
  });
}
