import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.js";
import { Generator, pcg4d } from "../../src/tensor/random.js";
import { testRandom } from "../support/nd.js";

/** pcg4d by its definition, in whole numbers of any size. */
function pcg4dOfBigInts(counter: readonly number[]): number[] {
  const mask = 0xffffffffn;
  let [x, y, z, w] = counter.map((value) => (BigInt(value) * 1664525n + 1013904223n) & mask) as [bigint, bigint, bigint, bigint];
  const mix = () => {
    x = (x + y * w) & mask;
    y = (y + z * x) & mask;
    z = (z + x * y) & mask;
    w = (w + y * z) & mask;
  };
  mix();
  [x, y, z, w] = [x ^ (x >> 16n), y ^ (y >> 16n), z ^ (z >> 16n), w ^ (w >> 16n)];
  mix();
  return [x, y, z, w].map(Number);
}

/** Distance of a count from its expectation, in standard deviations of a binomial. */
const deviations = (count: number, trials: number, p: number): number => Math.abs(count - trials * p) / Math.sqrt(trials * p * (1 - p));

describe("pcg4d", () => {
  it("is what its definition says, for all kinds of counters", () => {
    const random = testRandom(1);
    const corners = [0, 1, 0x7fffffff, 0x80000000, 0xffffffff];
    const counters = [...corners.flatMap((a) => corners.map((b) => [a, b, b, a])), ...Array.from({ length: 2000 }, () => [0, 0, 0, 0].map(() => random.integer(2 ** 32)))];
    for (const counter of counters) expect(pcg4d(...(counter as [number, number, number, number]))).toEqual(pcg4dOfBigInts(counter));
  });

  it.each([0, 1, 2, 3])("flips each bit of each word half of the time when one bit of counter %i changes", (changed) => {
    const trials = 4000;
    const flips = new Array<number>(128).fill(0);
    for (let i = 0; i < trials; i++) {
      const counter: [number, number, number, number] = [i, 0x64726f70, i >>> 6, 7];
      const before = pcg4d(...counter);
      counter[changed] = (counter[changed]! ^ (1 << (i % 8))) >>> 0;
      pcg4d(...counter).forEach((word, w) => {
        for (let bit = 0; bit < 32; bit++) flips[32 * w + bit]! += ((word ^ before[w]!) >>> bit) & 1;
      });
    }
    // The high half of each word, which decides: the low bits of a product depend on few bits.
    flips.forEach((count, at) => at % 32 >= 16 && expect(deviations(count, trials, 0.5), `word ${at >> 5}, bit ${at % 32}`).toBeLessThan(5));
  });

  it("fills 256 bins evenly along each counter", () => {
    for (const along of [0, 1, 2, 3]) {
      const bins = [0, 1, 2, 3].map(() => new Array<number>(256).fill(0));
      const count = 65536;
      for (let i = 0; i < count; i++) {
        const counter: [number, number, number, number] = [11, 12, 13, 14];
        counter[along] = i;
        pcg4d(...counter).forEach((word, w) => bins[w]![word >>> 24]!++);
      }
      for (const [w, bin] of bins.entries()) {
        const chiSquare = bin.reduce((sum, n) => sum + (n - count / 256) ** 2 / (count / 256), 0);
        // 255 degrees of freedom: mean 255, standard deviation 22.6.
        expect(Math.abs(chiSquare - 255) / 22.6, `counter ${along}, word ${w}`).toBeLessThan(5);
      }
    }
  });
});

describe("Generator", () => {
  it("repeats from its state, and its draws differ", () => {
    const generator = new Generator(12);
    const first = generator.uniform(64);
    const state = generator.stateDict();
    const second = generator.uniform(64);
    expect(second).not.toEqual(first);
    const resumed = new Generator();
    resumed.loadStateDict(state);
    expect(resumed.uniform(64)).toEqual(second);
    expect(new Generator(12).uniform(64)).toEqual(first);
  });

  it("gives nearby seeds unrelated numbers: no shifted copies, no correlation", () => {
    const length = 20_000;
    const draws = [0, 1, 2, 3].map((seed) => new Generator(seed).uniform(length));
    for (let a = 0; a < 4; a++) {
      for (let b = a; b < 4; b++) {
        for (const shift of [0, 1, 2, 3, 4, 5, 8, 16]) {
          if (a === b && shift === 0) continue;
          let sum = 0;
          for (let i = 0; i + shift < length; i++) sum += (draws[a]![i]! - 0.5) * (draws[b]![i + shift]! - 0.5);
          expect(Math.abs(sum * 12) / Math.sqrt(length - shift), `seeds ${a} and ${b}, shift ${shift}`).toBeLessThan(5);
        }
      }
    }
  });

  it("draws uniform numbers in [0, 1) with the right moments", () => {
    const values = new Generator(4).uniform(100_001);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const square = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(Math.abs(mean - 1 / 2) / Math.sqrt(1 / 12 / values.length)).toBeLessThan(5);
    expect(Math.abs(square - 1 / 3) / Math.sqrt(4 / 45 / values.length)).toBeLessThan(5);
  });

  it("draws normal numbers with the right moments and tails, pairs uncorrelated", () => {
    const values = new Generator(5).normal(200_001);
    const n = values.length;
    const moment = (power: number) => values.reduce((sum, value) => sum + value ** power, 0) / n;
    expect(values.every(Number.isFinite)).toBe(true);
    expect(Math.abs(moment(1)) * Math.sqrt(n)).toBeLessThan(5);
    expect(Math.abs(moment(2) - 1) / Math.sqrt(2 / n)).toBeLessThan(5);
    expect(Math.abs(moment(3)) / Math.sqrt(15 / n)).toBeLessThan(5);
    expect(Math.abs(moment(4) - 3) / Math.sqrt(96 / n)).toBeLessThan(5);
    const beyond2 = values.reduce((count, value) => count + (Math.abs(value) > 2 ? 1 : 0), 0);
    expect(deviations(beyond2, n, 0.0455003)).toBeLessThan(5);
    let product = 0;
    for (let i = 0; i + 1 < n; i++) product += values[i]! * values[i + 1]!;
    expect(Math.abs(product) / Math.sqrt(n)).toBeLessThan(5);
  });

  it("draws whole numbers evenly below the bound", () => {
    const [count, bound] = [70_000, 7];
    const bins = new Array<number>(bound).fill(0);
    for (const value of new Generator(6).integers(count, bound)) bins[value]!++;
    expect(bins).toHaveLength(bound);
    for (const bin of bins) expect(deviations(bin, count, 1 / bound)).toBeLessThan(5);
    expect([...new Generator(6).integers(100, 1)].every((value) => value === 0)).toBe(true);
    expect(Math.max(...new Generator(6).integers(1000, 2 ** 32))).toBeGreaterThan(2 ** 31);
  });

  it("wraps its offset after 2^32 draws", () => {
    const generator = new Generator();
    generator.loadStateDict({ seed: 1, offset: 2 ** 32 - 1 });
    expect(generator.next()).toEqual({ seed: 1, offset: 2 ** 32 - 1 });
    expect(generator.next()).toEqual({ seed: 1, offset: 0 });
  });

  it.each([1.5, -1, 2 ** 32, NaN])("refuses the seed %d", (seed) => {
    expect(() => new Generator(seed)).toThrow(UsageError);
    expect(() => new Generator(seed)).toThrow(`Generator: seed must be a whole number >= 0 and <= 4294967295, got ${seed}`);
    expect(() => new Generator().loadStateDict({ seed: 0, offset: seed })).toThrow("Generator: offset must be a whole number");
  });
});
