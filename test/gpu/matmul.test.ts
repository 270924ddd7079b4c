import { describe, expect, it } from "vitest";
import type { SubgroupMatrix } from "../../src/gpu/adapter.js";
import type { Device } from "../../src/gpu/device.js";
import { columnSums } from "../../src/kernels/column_sums.js";
import { matmul as multiply, matmulParts, type MatmulVariant } from "../../src/kernels/matmul.js";
import { chooseVariant } from "../../src/kernels/matmul_choice.js";
import { layoutOf } from "../../src/kernels/matmul_layout.js";
import { fromArray, zeros } from "../../src/ops/creation.js";
import { matmul, type MatmulOptions } from "../../src/ops/matmul.js";
import { scope } from "../../src/tensor/scope.js";
import { backward } from "../../src/tensor/backward.js";
import { empty } from "../../src/tensor/tensor.js";
import { matmulCases, matmulReference } from "../cases/matmul.js";
import { testDevice } from "../support/device.js";
import { nd, testRandom, type Nd } from "../support/nd.js";
import { testCases } from "../support/op_cases.js";
import { compare } from "../support/tolerances.js";

testCases("matmul", matmulCases);

interface Sizes {
  m: number;
  n: number;
  k: number;
  batch?: number;
  bias?: boolean;
}

const layouts = { NN: {}, NT: { transposeB: true }, TN: { transposeA: true }, TT: { transposeA: true, transposeB: true } };

/** At and around the tiles of 4, 8, 32 and 64, primes, and several batches. */
const sizes: Sizes[] = [
  { m: 1, n: 1, k: 1 },
  { m: 3, n: 3, k: 3, bias: true },
  { m: 4, n: 4, k: 4, batch: 3 },
  { m: 5, n: 5, k: 5, batch: 2, bias: true },
  { m: 7, n: 7, k: 15 },
  { m: 8, n: 8, k: 16, bias: true },
  { m: 9, n: 9, k: 17 },
  { m: 31, n: 31, k: 31, bias: true },
  { m: 32, n: 32, k: 32 },
  { m: 33, n: 36, k: 20, bias: true },
  { m: 63, n: 65, k: 8 },
  { m: 64, n: 64, k: 64, batch: 2 },
  { m: 67, n: 131, k: 36, bias: true },
  { m: 129, n: 127, k: 9 },
  { m: 128, n: 256, k: 8, bias: true },
  { m: 13, n: 6, k: 0, bias: true },
];

const variants: MatmulVariant[] = ["naive", "register", "register_small", "subgroup", "subgroup_any", "dot", "tiled_large", "tiled", "tiled_small"];

function fits(variant: MatmulVariant, layout: keyof typeof layouts, k: number): boolean {
  return variant !== "dot" || (layout === "NT" && k % 4 === 0);
}

function draw(seed: number, shape: number[]): Nd {
  const random = testRandom(seed);
  return nd(shape, () => Math.fround(random.normal()));
}

/** One product by one variant, written into the middle of guard values. */
async function run(variant: MatmulVariant | { split: number }, { m, n, k, batch = 1, bias }: Sizes, layout: keyof typeof layouts): Promise<{ got: Float32Array; want: Nd; guards: Float32Array }> {
  const device = await testDevice();
  const flags: { transposeA?: boolean; transposeB?: boolean } = layouts[layout];
  const a = draw(1, [batch, ...(flags.transposeA ? [k, m] : [m, k])]);
  const b = draw(2, [batch, ...(flags.transposeB ? [n, k] : [k, n])]);
  const c = bias ? draw(3, [n]) : undefined;
  const guard = 64;
  const size = batch * m * n;
  const y = scope(() => {
    const upload = (x: Nd) => fromArray(device, x.data, { shape: x.shape });
    const y = fromArray(device, new Float32Array(size + 2 * guard).fill(7));
    const slice = { ...y.buffer, offset_bytes: guard * 4, size_bytes: size * 4 };
    const buffers = { a: upload(a).buffer, b: upload(b).buffer, y: slice };
    const finish = c ? { bias: upload(c).buffer } : {};
    const shape = { m, n, k, ...flags, batch: { extents: [batch], a: [m * k], b: [k * n] } };
    if (typeof variant === "string") multiply(device, buffers, shape, finish, variant);
    else {
      const partial = empty(device, [variant.split, size]);
      matmulParts(device, { ...buffers, y: partial.buffer }, shape, variant.split, {}, "register_small");
      columnSums(device, { x: partial.buffer, y: slice }, { groups: 1, rows: variant.split, cols: size });
    }
    return y;
  });
  const all = (await y.data()) as Float32Array;
  y.dispose();
  const guards = Float32Array.from([...all.slice(0, guard), ...all.slice(guard + size)]);
  return { got: all.slice(guard, guard + size), want: matmulReference(a, b, flags, c), guards };
}

for (const variant of variants) {
  describe(`matmul kernel ${variant}`, () => {
    for (const layout of Object.keys(layouts) as (keyof typeof layouts)[]) {
      for (const one of sizes.filter(({ k }) => fits(variant, layout, k))) {
        const { m, n, k, batch = 1, bias = false } = one;
        it(`${layout} ${m}x${n}x${k}${batch > 1 ? ` in ${batch} batches` : ""}${bias ? " + bias" : ""}`, async () => {
          const { got, want, guards } = await run(variant, one, layout);
          const result = compare(got, want.data, "matmul");
          expect(result.worst, result.message).toBeLessThanOrEqual(1);
          expect(guards.every((value) => value === 7), "wrote outside y").toBe(true);
        });
      }
    }
  });
}

describe("matmul over parts of k", () => {
  for (const [layout, split] of [["TN", 4], ["NN", 2], ["NT", 8]] as const) {
    it(`${layout} in ${split}`, async () => {
      const { got, want, guards } = await run({ split }, { m: 9, n: 6, k: 64, batch: 2 }, layout);
      const result = compare(got, want.data, "matmul");
      expect(result.worst, result.message).toBeLessThanOrEqual(1);
      expect(guards.every((value) => value === 7), "wrote outside y").toBe(true);
    });
  }
});

describe("matmul on a GPU's choice of kernels", () => {
  // Wide and small outputs, and a long k that is cut into parts.
  for (const [m, n, k, transposeA] of [[9, 10, 256, true], [40, 33, 7, false], [5, 4, 1024, false], [1030, 520, 8, false], [2049, 1025, 8, false]] as const) {
    it(`${transposeA ? "TN" : "NN"} ${m}x${n}x${k}`, async () => {
      const device = await testDevice();
      const gpu = Object.create(device, { adapter: { value: { ...device.adapter, class: "gpu-basic" } } }) as typeof device;
      const a = draw(10, transposeA ? [k, m] : [m, k]);
      const b = draw(11, [k, n]);
      const y = scope(() => {
        const y = empty(device, [m, n]);
        const upload = (x: Nd) => fromArray(device, x.data, { shape: x.shape }).buffer;
        multiply(gpu, { a: upload(a), b: upload(b), y: y.buffer }, { m, n, k, transposeA });
        return y;
      });
      const result = compare(await y.data(), matmulReference(a, b, { transposeA }).data, "matmul");
      expect(result.worst, result.message).toBeLessThanOrEqual(1);
      y.dispose();
    });
  }

  it("is the largest tiles that fill the adapter", () => {
    const gpu = { adapter: { class: "gpu-basic", subgroupMatrices: [] as readonly SubgroupMatrix[] } } as Device;
    const choice = (m: number, n: number) => chooseVariant(gpu, layoutOf({ m, n, k: 64 }), { halves: false });
    expect([choice(2048, 1024), choice(1024, 1024), choice(512, 128)]).toEqual(["tiled_large", "tiled", "tiled_small"]);
  });
});

describe("matmul on a software adapter's choice of kernels", () => {
  const adapter = (lanes: number, subgroups = true) =>
    ({ adapter: { class: "cpu", subgroupMinSize: lanes, subgroupMaxSize: lanes, subgroupMatrices: [] }, features: new Set(subgroups ? ["subgroups"] : []) }) as unknown as Device;
  const choice = (device: Device, sizes: Parameters<typeof layoutOf>[0], ready = false) => chooseVariant(device, layoutOf(sizes), { ready, halves: false });
  const weight = { transposeB: true };

  it("is subgroup tiles for what fills them, register tiles for what does not, inner products for few rows", () => {
    expect(choice(adapter(8), { m: 768, n: 128, k: 128 })).toBe("subgroup");
    expect(choice(adapter(8), { m: 32, n: 32, k: 32 })).toBe("register");
    expect(choice(adapter(8), { m: 1, n: 512, k: 128, ...weight })).toBe("dot");
    expect(choice(adapter(8), { m: 3, n: 5, k: 7 })).toBe("register_small");
  });

  it("reads a weight's columns where rows cost more than they save", () => {
    expect(choice(adapter(8), { m: 768, n: 128, k: 128, ...weight })).toBe("subgroup");
    expect(choice(adapter(8), { m: 48, n: 128, k: 128, ...weight })).toBe("subgroup_any");
    expect(choice(adapter(8), { m: 48, n: 128, k: 128, ...weight }, true)).toBe("subgroup");
    expect(choice(adapter(4), { m: 768, n: 128, k: 128, ...weight })).toBe("subgroup_any");
    expect(choice(adapter(8), { m: 768, n: 129, k: 128 })).toBe("subgroup_any");
  });

  it("is register tiles without subgroups of one size", () => {
    expect(choice(adapter(8, false), { m: 768, n: 128, k: 128 })).toBe("register");
    expect(choice(adapter(64), { m: 768, n: 128, k: 128 })).toBe("register");
  });
});

describe("column sums", () => {
  for (const [groups, rows, cols] of [[1, 1, 1], [1, 15, 3], [1, 16, 4], [1, 33, 5], [3, 100, 8], [2, 1031, 7], [1, 4099, 12], [2, 0, 4]] as const) {
    it(`[${groups}, ${rows}, ${cols}]`, async () => {
      const device = await testDevice();
      const x = draw(4, [groups, rows, cols]);
      const want = nd([groups, cols], () => 0);
      x.data.forEach((value, i) => (want.data[Math.floor(i / (rows * cols)) * cols + (i % cols)]! += value));
      const y = scope(() => {
        const y = empty(device, [groups, cols]);
        columnSums(device, { x: fromArray(device, x.data, { shape: x.shape }).buffer, y: y.buffer }, { groups, rows, cols });
        return y;
      });
      const result = compare(await y.data(), want.data, "matmul");
      expect(result.worst, result.message).toBeLessThanOrEqual(1);
      y.dispose();
    });
  }
});

describe("matmul", () => {
  it("gives the same bits twice, forward and backward", async () => {
    const device = await testDevice();
    const once = async () => {
      const a = fromArray(device, draw(5, [2, 40, 33]).data, { shape: [2, 40, 33], requiresGrad: true });
      const b = fromArray(device, draw(6, [33, 19]).data, { shape: [33, 19], requiresGrad: true });
      const y = scope(() => {
        const y = matmul(a, b);
        backward(y, { gradient: fromArray(device, draw(7, [2, 40, 19]).data, { shape: [2, 40, 19] }) });
        return y.detach();
      });
      const bits = [await y.data(), await a.grad!.data(), await b.grad!.data()];
      for (const tensor of [y, a, b]) tensor.dispose();
      return bits;
    };
    expect(await once()).toEqual(await once());
  });

  it("leaves out the gradients nobody needs", async () => {
    const device = await testDevice();
    const a = fromArray(device, [1, 2], { shape: [1, 2] });
    const b = fromArray(device, [3, 4], { shape: [2, 1], requiresGrad: true });
    backward(scope(() => matmul(a, b)));
    expect(a.grad).toBeNull();
    expect([...(await b.grad!.data())]).toEqual([1, 2]);
    a.dispose();
    b.dispose();
  });

  it("carries NaN and infinity through, and only where they belong", async () => {
    const device = await testDevice();
    const values = draw(8, [9, 9]).data;
    values[2 * 9 + 3] = NaN;
    const y = scope(() => matmul(fromArray(device, values, { shape: [9, 9] }), fromArray(device, draw(9, [9, 9]).data, { shape: [9, 9] })));
    const rows = [...(await y.data())].map((value, i) => (Number.isNaN(value) ? Math.floor(i / 9) : -1)).filter((row) => row >= 0);
    expect(rows).toEqual(Array(9).fill(2));
    y.dispose();
  });

  it("refuses what does not fit", async () => {
    const device = await testDevice();
    scope(() => {
      const a = zeros(device, [32, 64]);
      const refuses = (shape: number[], options: MatmulOptions, message: string) => expect(() => matmul(a, zeros(device, shape), options)).toThrow(message);
      refuses([128, 10], {}, "matmul: inner sizes differ, got 64 and 128: a is [32, 64] and b is [128, 10]; transpose or reshape one");
      refuses([64, 10], { transposeA: true }, "matmul: inner sizes differ, got 32 and 64: a is [32, 64] transposed and b is [64, 10]");
      refuses([], {}, "matmul: a and b must have at least 1 dimension, got [32, 64] and []; use mul() for scalars");
      refuses([64], { transposeB: true }, "matmul: a vector cannot be transposed, got a [32, 64] and b [64]");
      refuses([64, 3], { bias: zeros(device, [4]) }, "matmul: bias must have one value a column, [3], got [4]");
      refuses([64, 3], { transpose: true } as MatmulOptions, 'matmul: unknown option "transpose"; known options: transposeA, transposeB, bias');
      expect(() => matmul(zeros(device, [2, 3, 4]), zeros(device, [5, 4, 3]))).toThrow("matmul: shapes do not broadcast, got [2] and [5]");
      expect(() => matmul(a, zeros(device, [64, 2], { dtype: "i32" }))).toThrow("matmul: b must be f32 or f16, got i32; convert it with cast()");
      expect(() => matmul(a, 3 as never)).toThrow("matmul: b must be a tensor, got number");
    });
  });

  it("refuses a variant that cannot run the sizes", async () => {
    const device = await testDevice();
    const { a, b, y } = scope(() => ({ a: zeros(device, [4, 3]), b: zeros(device, [3, 4]), y: zeros(device, [4, 4]) }));
    expect(() => multiply(device, { a: a.buffer, b: b.buffer, y: y.buffer }, { m: 4, n: 4, k: 3 }, {}, "dot")).toThrow("matmul: variant dot needs");
    for (const tensor of [a, b, y]) tensor.dispose();
  });
});
