// Noised points for a diffusion model, and the best guess of their noise, which a mixture of Gaussians has in closed form.
import type { Generator } from "kiln-gpu";
import { drawPoints, table, type Mixture, type Table } from "./points.js";

/** How much noise, u in (0, 1): x = signal * point + noise * ε, with signal² + noise² = 1. */
export function amounts(u: number): { signal: number; noise: number } {
  return { signal: Math.cos((Math.PI / 2) * u), noise: Math.sin((Math.PI / 2) * u) };
}

/** What a model sees: the noised point and the level, as waves of three frequencies. */
export const inputColumns = (dims: number): number => dims + 6;

export interface NoisyBatch {
  x: Table;
  /** The noise that was drawn, or the best guess of it. */
  noise: Table;
}

export interface NoisyOptions {
  count: number;
  /** Levels are spread evenly over this part of (0, 1), jittered; all of it by default. */
  levels?: readonly [from: number, to: number];
  /** "drawn": what a model is trained on. "best": what it should answer. */
  target: "drawn" | "best";
  random: Generator;
}

export function noisyBatch(mixture: Mixture, { count, levels: [from, to] = [0, 1], target, random }: NoisyOptions): NoisyBatch {
  const { dims } = mixture;
  const columns = inputColumns(dims);
  const { x: points } = drawPoints(mixture, count, random);
  const [drawn, jitter] = [random.normal(count * dims), random.uniform(count)];
  const x = new Float32Array(count * columns);
  const best = new Float32Array(count * dims);
  for (let row = 0; row < count; row++) {
    // Never quite 0: the best guess divides by the noise that is left.
    const u = from + ((to - from) * (row + 0.01 + 0.99 * jitter[row]!)) / count;
    const { signal, noise } = amounts(u);
    const noised = Array.from({ length: dims }, (_, i) => signal * points[row * dims + i]! + noise * drawn[row * dims + i]!);
    x.set([...noised, ...[1, 2, 4].flatMap((k) => [Math.cos(Math.PI * k * u), Math.sin(Math.PI * k * u)])], row * columns);
    best.set(bestGuess(mixture, noised, u), row * dims);
  }
  return { x: table(x, columns), noise: table(target === "drawn" ? drawn : best, dims) };
}

/**
 * E[ε | x] for points of the mixture: about each centre c, x is normal with mean signal c and variance v = signal² spread² + noise², and
 * the guess is noise (x - signal c) / v; the centres count by how likely each is to have given x.
 */
export function bestGuess({ dims, centres, spread }: Mixture, x: readonly number[], u: number): number[] {
  const { signal, noise } = amounts(u);
  const variance = (signal * spread) ** 2 + noise ** 2;
  const offsets = Array.from({ length: centres.length / dims }, (_, c) => x.map((value, i) => value - signal * centres[c * dims + i]!));
  const logs = offsets.map((offset) => -offset.reduce((sum, d) => sum + d * d, 0) / (2 * variance));
  const most = Math.max(...logs);
  const weights = logs.map((log) => Math.exp(log - most));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return x.map((_, i) => offsets.reduce((sum, offset, c) => sum + (weights[c]! / total) * offset[i]!, 0) * (noise / variance));
}
