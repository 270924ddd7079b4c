// Measures which kernel is the fastest for each matrix product of a step.
import { UsageError } from "../errors.js";
import type { Device } from "../gpu/device.js";
import { matmulAs, type MatmulVariant } from "../kernels/matmul.js";
import { candidates, chooseVariant } from "../kernels/matmul_choice.js";
import { adapterKey, productKey, productsOf, tunedChoices, type SeenProduct } from "../kernels/matmul_tuning.js";
import { checkNumber, checkOptions } from "../options.js";
import { withOperands, type TunedOperands } from "./autotune_operands.js";

/** Options of `autotune`. */
export interface AutotuneOptions {
  /** Times each kernel is timed, in turn with the others; 5 by default, at least 3. */
  repetitions?: number;
  /** Shortest time that is measured at once, in milliseconds; 10 by default, at least 2. */
  atLeast?: number;
  /** A kernel replaces the default one only if its time is below this share of it; 0.95 by default. */
  margin?: number;
}

/** A matrix product that was timed, and the kernel that won. */
export interface TunedProduct {
  /** Its sizes and strides. */
  product: string;
  /** The kernel that the table gives, and the one taken. */
  before: MatmulVariant;
  variant: MatmulVariant;
  /** Milliseconds of one launch, by kernel: the median. Kernels that failed, or computed something else, are left out. */
  times: Partial<Record<MatmulVariant, number>>;
}

/** What was measured on one adapter: plain data, for a file. */
export interface Tuning {
  adapter: string;
  /** Kernels by product. */
  products: Record<string, MatmulVariant>;
}

/**
 * Finds the fastest kernel for every matrix product that `run` launches, and uses it from then on, on every device of the
 * same adapter. Without it, a table decides: the same kernels on every machine with that class of adapter.
 *
 * Shapes: `run` is called once, on `device`; operands of the same shapes are made up. Captured steps keep their kernels
 *         until reset().
 * Range:  repetitions >= 3 of at least 2 ms each; a kernel must give what the default one gives, to f32 rounding.
 * Throws: UsageError for options out of range, or a `run` that launches no product; whatever `run` throws.
 * Source: sums are ordered by the kernel, so tuned runs repeat bit for bit only with the same tuning: see exportTuning.
 */
export async function autotune(device: Device, run: () => unknown, options: AutotuneOptions = {}): Promise<TunedProduct[]> {
  checkOptions("autotune", options, ["repetitions", "atLeast", "margin"]);
  const repetitions = checkNumber("autotune", "repetitions", options.repetitions ?? 5, { min: 3, integer: true });
  const atLeast = checkNumber("autotune", "atLeast", options.atLeast ?? 10, { min: 2 });
  const margin = checkNumber("autotune", "margin", options.margin ?? 0.95, { above: 0, max: 1 });
  const products = productsOf(device, run);
  if (products.length === 0) throw new UsageError("autotune: the function launched no matrix product; pass an eager step, not a captured one");
  const results: TunedProduct[] = [];
  for (const product of products) results.push(await tune(device, product, { repetitions, atLeast, margin }));
  return results;
}

/**
 * What autotune measured on this device's adapter.
 *
 * Shapes: products by sizes and strides -> names of kernels.
 */
export function exportTuning(device: Device): Tuning {
  return { adapter: adapterKey(device), products: Object.fromEntries(tunedChoices(device)) };
}

/**
 * Uses what exportTuning gave, in place of what was measured before. An empty `products` goes back to the table.
 *
 * Throws: UsageError for a tuning of another adapter, or one that is not made by exportTuning.
 */
export function importTuning(device: Device, tuning: Tuning): void {
  checkOptions("importTuning", tuning, ["adapter", "products"]);
  const adapter = adapterKey(device);
  if (tuning.adapter !== adapter) throw new UsageError(`importTuning: the tuning is of another adapter, got "${tuning.adapter}"; this one is "${adapter}"`);
  const known = new Set<string>(kernels);
  for (const [product, variant] of Object.entries(tuning.products)) {
    if (!known.has(variant)) throw new UsageError(`importTuning: unknown kernel for ${product}, got "${variant}"; use ${kernels.join(", ")}`);
  }
  const choices = tunedChoices(device);
  choices.clear();
  for (const [product, variant] of Object.entries(tuning.products)) choices.set(product, variant);
}

const kernels: readonly MatmulVariant[] = ["naive", "register", "register_small", "subgroup", "subgroup_any", "dot", "tiled_large", "tiled", "tiled_small", "subgroup_matrix"];

async function tune(device: Device, { layout, aHalf, bHalf }: SeenProduct, { repetitions, atLeast, margin }: Required<AutotuneOptions>): Promise<TunedProduct> {
  const halves = aHalf || bHalf;
  const product = productKey(layout, halves);
  const choices = tunedChoices(device);
  choices.delete(product);
  const before = chooseVariant(device, layout, { halves });
  return withOperands(device, { layout, aHalf, bHalf }, async (operands) => {
    const right = await rightOnes(device, operands, before, candidates(device, layout, halves));
    const counts = new Map<MatmulVariant, number>();
    for (const variant of right) counts.set(variant, await launchesFor(device, operands, variant, atLeast));
    const times = new Map<MatmulVariant, number[]>(right.map((variant) => [variant, []]));
    // In turn, so that whatever else the machine does meets all of them alike.
    for (let i = 0; i < repetitions; i++) {
      for (const variant of right) times.get(variant)!.push(await timed(device, operands, variant, counts.get(variant)!));
    }
    const medians = new Map([...times].map(([variant, all]) => [variant, all.sort((a, b) => a - b)[all.length >> 1]!]));
    const best = [...medians].reduce((a, b) => (b[1] < a[1] ? b : a));
    const variant = best[1] < margin * medians.get(before)! ? best[0] : before;
    choices.set(product, variant);
    return { product, before, variant, times: Object.fromEntries(medians) };
  });
}

/** Those whose result is that of the default kernel. */
async function rightOnes(device: Device, operands: TunedOperands, before: MatmulVariant, all: readonly MatmulVariant[]): Promise<MatmulVariant[]> {
  matmulAs(device, operands, operands.layout, before);
  const want = await operands.result();
  const right = [before];
  for (const variant of all) {
    if (variant === before) continue;
    await operands.clear();
    try {
      matmulAs(device, operands, operands.layout, variant);
      const got = await operands.result();
      if (got.every((value, i) => Math.abs(value - want[i]!) <= operands.tolerance)) right.push(variant);
    } catch {
      // It does not run here.
    }
  }
  return right;
}

async function launchesFor(device: Device, operands: TunedOperands, variant: MatmulVariant, atLeast: number): Promise<number> {
  for (let count = 1; ; count *= 2) {
    const ms = (await timed(device, operands, variant, count)) * count;
    if (ms >= atLeast || count >= 4096) return count;
  }
}

/** Milliseconds of a launch. */
async function timed(device: Device, operands: TunedOperands, variant: MatmulVariant, count: number): Promise<number> {
  await device.sync();
  const start = performance.now();
  for (let i = 0; i < count; i++) matmulAs(device, operands, operands.layout, variant);
  await device.sync();
  return (performance.now() - start) / count;
}
