import { afterEach, describe, expect, it } from "vitest";
import { chooseVariant } from "../../src/kernels/matmul_choice.js";
import { layoutOf } from "../../src/kernels/matmul_layout.js";
import { zeros } from "../../src/ops/creation.js";
import { linear } from "../../src/ops/linear.js";
import { matmul } from "../../src/ops/matmul.js";
import { scope } from "../../src/tensor/scope.js";
import { autotune, exportTuning, importTuning } from "../../src/tune/index.js";
import { testDevice } from "../support/device.js";
import { withoutLeak } from "../support/leak_check.js";

const quick = { repetitions: 3, atLeast: 2 };

afterEach(async () => {
  const device = await testDevice();
  importTuning(device, { ...exportTuning(device), products: {} });
});

describe("autotune", () => {
  it("times every kernel that can make a product, and takes the fastest from then on", () =>
    withoutLeak(async (device) => {
      const run = () => scope(() => matmul(zeros(device, [40, 24]), zeros(device, [24, 36])));
      const [product, ...others] = await autotune(device, () => run().dispose(), { ...quick, margin: 1 });
      expect(others).toEqual([]);
      expect(product!.product).toBe("40x36x24, a 24 1, b 36 1");
      const { times, variant } = product!;
      expect(Object.keys(times).sort()).toEqual(["register", "register_small", "subgroup", "subgroup_any"]);
      for (const ms of Object.values(times)) expect(ms).toBeGreaterThan(0);
      expect(times[variant]).toBe(Math.min(...Object.values(times)));
      expect(chooseVariant(device, layoutOf({ m: 40, n: 36, k: 24 }), { halves: false })).toBe(variant);
    }));

  it("sees each product of a step once, batches and transposed operands too", () =>
    withoutLeak(async (device) => {
      const step = () =>
        scope(() => {
          for (let i = 0; i < 3; i++) linear(zeros(device, [20, 8]), zeros(device, [12, 8]));
          matmul(zeros(device, [2, 6, 5]), zeros(device, [2, 5, 7]));
        });
      const products = await autotune(device, step, quick);
      expect(products.map(({ product }) => product)).toEqual(["20x12x8, a 8 1, b 1 8", "6x7x5, a 5 1, b 7 1, 2 times 30 35"]);
      expect(Object.keys(products[0]!.times)).toContain("dot");
    }));

  it("keeps the table's kernel unless another is faster by the margin", () =>
    withoutLeak(async (device) => {
      const [product] = await autotune(device, () => scope(() => matmul(zeros(device, [16, 16]), zeros(device, [16, 16]))).dispose(), { ...quick, margin: 1e-9 });
      expect(product!.variant).toBe(product!.before);
    }));

  it("gives what it found to a file, and takes it back on the same adapter only", async () => {
    const device = await testDevice();
    const sizes = layoutOf({ m: 40, n: 36, k: 24 });
    const before = chooseVariant(device, sizes, { halves: false });
    const other = before === "register_small" ? "register" : "register_small";
    const tuning = { ...exportTuning(device), products: { "40x36x24, a 24 1, b 36 1": other } as const };
    importTuning(device, JSON.parse(JSON.stringify(tuning)));
    expect(chooseVariant(device, sizes, { halves: false })).toBe(other);
    expect(exportTuning(device)).toEqual(tuning);
    expect(() => importTuning(device, { ...tuning, adapter: "another" })).toThrow('importTuning: the tuning is of another adapter, got "another"');
    expect(() => importTuning(device, { ...tuning, products: { x: "fast" as never } })).toThrow('importTuning: unknown kernel for x, got "fast"');
    importTuning(device, { ...tuning, products: {} });
    expect(chooseVariant(device, sizes, { halves: false })).toBe(before);
  });

  it("refuses a function without products, and options out of range", async () => {
    const device = await testDevice();
    await expect(autotune(device, () => {}, quick)).rejects.toThrow("autotune: the function launched no matrix product; pass an eager step");
    await expect(autotune(device, () => {}, { repetitions: 2 })).rejects.toThrow("autotune: repetitions must be");
    await expect(autotune(device, () => {}, { atLeast: 1 })).rejects.toThrow("autotune: atLeast must be");
    await expect(autotune(device, () => {}, { repeat: 3 } as never)).rejects.toThrow('autotune: unknown option "repeat"');
  });
});
