import { describe, expect, it } from "vitest";
import type { Device } from "../../src/gpu/device.js";
import { matmul, matmulParts, type Finish, type MatmulVariant } from "../../src/kernels/matmul.js";
import { fromArray } from "../../src/ops/creation.js";
import { streams } from "../../src/tensor/random.js";
import { scope } from "../../src/tensor/scope.js";
import { empty, type Tensor } from "../../src/tensor/tensor.js";
import { hostKeeps } from "../cases/dropout.js";
import { activations } from "../cases/linear.js";
import { matmulReference } from "../cases/matmul.js";
import { testDevice } from "../support/device.js";
import { nd, testRandom, type Nd } from "../support/nd.js";
import { compare } from "../support/tolerances.js";

const variants: MatmulVariant[] = ["naive", "register", "register_small", "subgroup", "subgroup_any", "dot", "tiled_large", "tiled", "tiled_small"];

function draw(seed: number, shape: number[]): Nd {
  const random = testRandom(seed);
  return nd(shape, () => Math.fround(random.normal()));
}

const draws = { seed: 5, offset: 3 };
const p = 0.3;

interface Sizes {
  m: number;
  n: number;
  k: number;
}

/** One below, at and above tiles; in fours and not. */
const sizes: Sizes[] = [
  { m: 1, n: 1, k: 4 },
  { m: 15, n: 8, k: 12 },
  { m: 16, n: 64, k: 8 },
  { m: 17, n: 68, k: 4 },
  { m: 33, n: 35, k: 20 },
  { m: 65, n: 130, k: 8 },
  { m: 129, n: 132, k: 12 },
];

function close(got: ArrayLike<number>, want: ArrayLike<number>): void {
  const result = compare(got, want, "matmul");
  expect(result.worst, result.message).toBeLessThanOrEqual(1);
}

/** y as the kernel leaves it, from the tensors that `finishOf` makes of uploads. */
async function run(
  variant: MatmulVariant,
  { m, n, k }: Sizes,
  { transposeA = false, before = 0 }: { transposeA?: boolean; before?: number },
  finishOf: (upload: (x: Nd) => Tensor, device: Device) => Finish,
): Promise<{ y: Float32Array; product: Nd }> {
  const device = await testDevice();
  const a = draw(1, transposeA ? [k, m] : [m, k]);
  const b = draw(2, variant === "dot" ? [n, k] : [k, n]);
  const transposeB = variant === "dot";
  const y = scope(() => {
    const upload = (x: Nd) => fromArray(device, x.data, { shape: x.shape });
    const y = upload(nd([m, n], () => before));
    matmul(device, { a: upload(a).buffer, b: upload(b).buffer, y: y.buffer }, { m, n, k, transposeA, transposeB }, finishOf(upload, device), variant);
    return y;
  });
  const got = (await y.data()) as Float32Array;
  y.dispose();
  return { y: got, product: matmulReference(a, b, { transposeA, transposeB }) };
}

for (const variant of variants) {
  describe(`ends of the ${variant} kernel`, () => {
    for (const one of sizes) {
      const { m, n } = one;
      const [bias, residual, slopeAt] = [draw(3, [n]), draw(4, [m, n]), draw(5, [m, n])];
      const dropout = { p, draw: draws, stream: streams.dropout };
      const dropped = (value: number, i: number) => (hostKeeps(i, p, draws) ? value / (1 - p) : 0);

      it(`bias, activation with what it keeps, dropout and residual, ${m}x${n}`, async () => {
        const device = await testDevice();
        // One that keeps its input and one that keeps its output, in turn: each pair of them costs a software adapter seconds.
        const activation = (sizes.indexOf(one) + variants.indexOf(variant)) % 2 === 0 ? "silu" : "sigmoid";
        const kept = empty(device, [m, n]);
        const { y, product } = await run(variant, one, {}, (upload) => ({
          bias: upload(bias).buffer,
          activation,
          kept: kept.buffer,
          dropout,
          residual: upload(residual).buffer,
        }));
        const inner = product.data.map((value, i) => value + bias.data[i % n]!);
        const outer = inner.map(activations[activation]);
        close(await kept.data(), activation === "sigmoid" ? outer : inner);
        close(y, outer.map((value, i) => dropped(value, i) + residual.data[i]!));
        kept.dispose();
      });

      it(`an activation's slope, ${m}x${n}`, async () => {
        const { y, product } = await run(variant, one, {}, (upload) => ({ slope: { activation: "silu", kept: upload(slopeAt).buffer } }));
        const slope = (x: number) => (1 + x * (1 - 1 / (1 + Math.exp(-x)))) / (1 + Math.exp(-x));
        close(y, product.data.map((value, i) => value * slope(slopeAt.data[i]!)));
      });

      if (variant === "dot") continue;
      it(`sums of rows, and additions to what is there, ${m}x${n}`, async () => {
        const device = await testDevice();
        for (const transposeA of [false, true]) {
          const rowSums = fromArray(device, draw(6, [m]).data);
          const { y, product } = await run(variant, one, { transposeA, before: 2 }, () => ({ accumulate: true, rowSums: { to: rowSums.buffer, accumulate: true } }));
          close(y, product.data.map((value) => value + 2));
          const a = draw(1, transposeA ? [one.k, m] : [m, one.k]);
          const sums = Array.from({ length: m }, (_, row) => Array.from({ length: one.k }, (_, term) => a.data[transposeA ? term * m + row : row * one.k + term]!).reduce((s, v) => s + v));
          close(await rowSums.data(), sums.map((value, row) => value + draw(6, [m]).data[row]!));
          await run(variant, one, { transposeA }, () => ({ rowSums: { to: rowSums.buffer } }));
          close(await rowSums.data(), sums);
          rowSums.dispose();
        }
      });
    }
  });
}

describe("parts of a product over k", () => {
  it("have their own row sums", async () => {
    const device = await testDevice();
    const [m, n, k, parts] = [9, 12, 32, 4];
    const a = draw(1, [k, m]);
    const b = draw(2, [k, n]);
    const { y, sums } = scope(() => {
      const y = empty(device, [parts, m, n]);
      const sums = empty(device, [parts, m]);
      const upload = (x: Nd) => fromArray(device, x.data, { shape: x.shape }).buffer;
      matmulParts(device, { a: upload(a), b: upload(b), y: y.buffer }, { m, n, k, transposeA: true }, parts, { rowSums: { to: sums.buffer } }, "tiled_small");
      return { y, sums };
    });
    for (let part = 0; part < parts; part++) {
      const rows = (x: Nd, cols: number) => nd([k / parts, cols], (i) => x.data[part * (k / parts) * cols + i]!);
      const mine = matmulReference(rows(a, m), rows(b, n), { transposeA: true });
      close((await y.data()).subarray(part * m * n, (part + 1) * m * n), mine.data);
      const want = Array.from({ length: m }, (_, row) => Array.from({ length: k / parts }, (_, term) => rows(a, m).data[term * m + row]!).reduce((s, v) => s + v));
      close((await sums.data()).subarray(part * m, (part + 1) * m), want);
    }
    y.dispose();
    sums.dispose();
  });
});
