// Initial values of parameters: functions of a shape and a generator, drawn on the host.
import { ShapeError, UsageError } from "../errors.js";
import { checkNumber, checkOptions } from "../options.js";
import { formatShape, sizeOf, type Shape } from "../shape.js";
import { Generator } from "../tensor/random.js";
import type { Tensor } from "../tensor/tensor.js";

/** The values of a tensor of `shape`, row-major. */
export type Initializer = (shape: Shape, generator: Generator) => Float32Array;

/** Where initial values come from: a generator, or a seed for a new one. */
export interface RandomSource {
  /** Where the numbers come from. Give this or `seed`; with neither, the generator that `manualSeed` seeds. */
  generator?: Generator;
  seed?: number;
}

const sharedGenerator = new Generator(0);

/** Restarts the generator of modules that were given neither a generator nor a seed. */
export function manualSeed(seed: number): void {
  sharedGenerator.loadStateDict({ seed: checkSeed("manualSeed", seed), offset: 0 });
}

/** The generator that the options of `where` name. */
export function generatorOf(where: string, { generator, seed }: RandomSource): Generator {
  if (generator && !(generator instanceof Generator)) throw new UsageError(`${where}: generator must be a Generator, got ${typeof generator}; make one with new Generator(seed)`);
  if (generator && seed !== undefined) throw new UsageError(`${where}: give generator or seed, not both`);
  if (seed !== undefined) return new Generator(checkSeed(where, seed));
  return generator ?? sharedGenerator;
}

function checkSeed(where: string, seed: number): number {
  return checkNumber(where, "seed", seed, { min: 0, below: 2 ** 32, integer: true });
}

/** Overwrites the elements of `x` with fresh ones, and returns it. */
export function initialize(x: Tensor, initializer: Initializer, source: RandomSource = {}): Tensor {
  checkOptions("initialize", source, ["generator", "seed"]);
  return x.set(initializer(x.shape, generatorOf("initialize", source)));
}

/** Every element 0. */
export function zeros(): Initializer {
  return constant(0);
}

/** Every element 1. */
export function ones(): Initializer {
  return constant(1);
}

/** Every element `value`. */
export function constant(value: number): Initializer {
  checkNumber("init.constant", "value", value);
  return (shape) => new Float32Array(sizeOf(shape)).fill(value);
}

/** Uniform in [low, high). Range: low 0, high 1 by default. */
export function uniform(options: { low?: number; high?: number } = {}): Initializer {
  checkOptions("init.uniform", options, ["low", "high"]);
  const low = checkNumber("init.uniform", "low", options.low ?? 0);
  const high = checkNumber("init.uniform", "high", options.high ?? 1, { min: low });
  return (shape, generator) => generator.uniform(sizeOf(shape)).map((u) => low + (high - low) * u);
}

/** Normal. Range: mean 0, std 1 by default. */
export function normal(options: { mean?: number; std?: number } = {}): Initializer {
  checkOptions("init.normal", options, ["mean", "std"]);
  const mean = checkNumber("init.normal", "mean", options.mean ?? 0);
  const std = checkNumber("init.normal", "std", options.std ?? 1, { min: 0 });
  return (shape, generator) => generator.normal(sizeOf(shape)).map((z) => mean + std * z);
}

/** Options of `truncatedNormal`. */
export interface TruncatedNormalOptions {
  mean?: number;
  std?: number;
  /** mean - 2 std by default. */
  low?: number;
  /** mean + 2 std by default. */
  high?: number;
}

/**
 * Normal, given that the value lies in [low, high].
 *
 * Range:  mean 0, std 1, two standard deviations on each side by default; low < mean < high.
 * Throws: UsageError for values out of range.
 * Source: rejection; from a uniform proposal where the interval is narrow, so that at least a third is accepted.
 */
export function truncatedNormal(options: TruncatedNormalOptions = {}): Initializer {
  const where = "init.truncatedNormal";
  checkOptions(where, options, ["mean", "std", "low", "high"]);
  const mean = checkNumber(where, "mean", options.mean ?? 0);
  const std = checkNumber(where, "std", options.std ?? 1, { above: 0 });
  const low = checkNumber(where, "low", options.low ?? mean - 2 * std, { below: mean });
  const high = checkNumber(where, "high", options.high ?? mean + 2 * std, { above: mean });
  const narrow = high - low < std;
  return (shape, generator) => {
    const out = new Float32Array(sizeOf(shape));
    for (let filled = 0; filled < out.length; ) {
      const count = out.length - filled;
      const proposals = narrow
        ? generator.uniform(count).map((u) => low + (high - low) * u)
        : generator.normal(count).map((z) => mean + std * z);
      const accept = narrow ? generator.uniform(count) : null;
      proposals.forEach((value, i) => {
        const accepted = accept ? accept[i]! < Math.exp(-0.5 * ((value - mean) / std) ** 2) : value >= low && value <= high;
        if (accepted) out[filled++] = value;
      });
    }
    return out;
  };
}

/** Inputs and outputs of one unit of a weight [out, in, ...kernel]. */
export function fans(shape: Shape): { fanIn: number; fanOut: number } {
  if (shape.length < 2) {
    throw new ShapeError(`init: fan in and fan out need at least 2 dimensions, got ${formatShape(shape)}; use uniform or normal`);
  }
  const field = sizeOf(shape.slice(2));
  return { fanIn: shape[1]! * field, fanOut: shape[0]! * field };
}

/** Options of the Kaiming initialisers. */
export interface KaimingOptions {
  /** Negative slope of the leaky ReLU that follows; 0 (the default) is ReLU, sqrt(5) is PyTorch's Linear. */
  a?: number;
  /** "fanIn" (the default) keeps the variance of the forward pass, "fanOut" that of the backward pass. */
  mode?: "fanIn" | "fanOut";
}

function kaimingStd(where: string, options: KaimingOptions): (shape: Shape) => number {
  checkOptions(where, options, ["a", "mode"]);
  const a = checkNumber(where, "a", options.a ?? 0);
  const mode = options.mode ?? "fanIn";
  if (mode !== "fanIn" && mode !== "fanOut") throw new UsageError(`${where}: mode must be "fanIn" or "fanOut", got "${String(mode)}"`);
  return (shape) => Math.sqrt(2 / (1 + a * a) / Math.max(1, fans(shape)[mode]));
}

/**
 * Uniform in ±sqrt(3) std, with std = sqrt(2 / (1 + a²) / fan).
 *
 * Source: He et al. 2015, arXiv 1502.01852.
 */
export function kaimingUniform(options: KaimingOptions = {}): Initializer {
  return uniformOfStd(kaimingStd("init.kaimingUniform", options));
}

/** Normal with std = sqrt(2 / (1 + a²) / fan). Source: He et al. 2015, arXiv 1502.01852. */
export function kaimingNormal(options: KaimingOptions = {}): Initializer {
  return normalOfStd(kaimingStd("init.kaimingNormal", options));
}

function xavierStd(where: string, options: { gain?: number }): (shape: Shape) => number {
  checkOptions(where, options, ["gain"]);
  const gain = checkNumber(where, "gain", options.gain ?? 1, { min: 0 });
  return (shape) => {
    const { fanIn, fanOut } = fans(shape);
    return gain * Math.sqrt(2 / Math.max(1, fanIn + fanOut));
  };
}

/** Uniform in ±sqrt(3) std, with std = gain sqrt(2 / (fan in + fan out)). Source: Glorot and Bengio 2010. */
export function xavierUniform(options: { gain?: number } = {}): Initializer {
  return uniformOfStd(xavierStd("init.xavierUniform", options));
}

/** Normal with std = gain sqrt(2 / (fan in + fan out)). Source: Glorot and Bengio 2010. */
export function xavierNormal(options: { gain?: number } = {}): Initializer {
  return normalOfStd(xavierStd("init.xavierNormal", options));
}

/** Normal with std = gain / sqrt(fan in): unit variance in gives variance gain² out. */
export function scaledNormal(options: { gain?: number } = {}): Initializer {
  checkOptions("init.scaledNormal", options, ["gain"]);
  const gain = checkNumber("init.scaledNormal", "gain", options.gain ?? 1, { min: 0 });
  return normalOfStd((shape) => gain / Math.sqrt(Math.max(1, fans(shape).fanIn)));
}

function uniformOfStd(std: (shape: Shape) => number): Initializer {
  return (shape, generator) => {
    const bound = Math.sqrt(3) * std(shape);
    return uniform({ low: -bound, high: bound })(shape, generator);
  };
}

function normalOfStd(std: (shape: Shape) => number): Initializer {
  return (shape, generator) => normal({ std: std(shape) })(shape, generator);
}
