import { describe, expect, it } from "vitest";
import { linearBackwardBoth, makesBothGradients } from "../../src/kernels/linear_backward.js";
import { fromArray } from "../../src/ops/creation.js";
import { feedForward } from "../../src/ops/feed_forward.js";
import { scope } from "../../src/tensor/scope.js";
import { backward } from "../../src/tensor/backward.js";
import { matmulReference } from "../cases/matmul.js";
import { testDevice } from "../support/device.js";
import { withoutLeak } from "../support/leak_check.js";
import { nd, testRandom, type Nd } from "../support/nd.js";
import { compare } from "../support/tolerances.js";

function draw(seed: number, shape: number[]): Nd {
  const random = testRandom(seed);
  return nd(shape, () => Math.fround(random.normal()));
}

function close(got: ArrayLike<number>, want: ArrayLike<number>): void {
  const result = compare(got, want, "matmul");
  expect(result.worst, result.message).toBeLessThanOrEqual(1);
}

const silu = { slope: (x: number) => (1 + x * (1 - 1 / (1 + Math.exp(-x)))) / (1 + Math.exp(-x)) };

describe("both gradients of a linear layer in one launch", () => {
  // One below, at and above the 16 rows of a tile, and columns of less and more than a subgroup's.
  for (const [rows, inputs, outputs] of [[1, 4, 1], [15, 8, 17], [16, 64, 16], [17, 36, 15], [33, 68, 65], [50, 132, 7]] as const) {
    for (const ending of ["nothing", "a residual", "a slope"] as const) {
      for (const adds of [false, true]) {
        it(`${rows} rows, ${inputs} -> ${outputs}, dx with ${ending}${adds ? ", added to dw and db" : ""}`, () =>
          withoutLeak(async (device) => {
            const [dz, w, x, beside] = [draw(1, [rows, outputs]), draw(2, [outputs, inputs]), draw(3, [rows, inputs]), draw(4, [rows, inputs])];
            const [dwBefore, dbBefore] = [draw(5, [outputs, inputs]), draw(6, [outputs])];
            const guard = 64;
            const { dx, dw, db } = scope(() => {
              const upload = (one: Nd) => fromArray(device, one.data, { shape: one.shape });
              const guarded = (one: Nd) => fromArray(device, [...Array<number>(guard).fill(7), ...one.data, ...Array<number>(guard).fill(7)]);
              const out = { dx: guarded(nd([rows, inputs], () => 9)), dw: guarded(dwBefore), db: guarded(dbBefore) };
              const inside = (name: keyof typeof out, size: number) => ({ ...out[name].buffer, offset_bytes: guard * 4, size_bytes: size * 4 });
              const buffers = { dz: upload(dz).buffer, w: upload(w).buffer, x: upload(x).buffer, dx: inside("dx", rows * inputs), dw: inside("dw", outputs * inputs) };
              const kept = upload(beside).buffer;
              linearBackwardBoth(device, buffers, { rows, inputs, outputs }, {
                dx: ending === "nothing" ? {} : ending === "a residual" ? { residual: kept } : { slope: { activation: "silu", kept } },
                dw: { accumulate: adds, rowSums: { to: inside("db", outputs), accumulate: adds } },
              });
              return out;
            });
            const inner = async (tensor: typeof dx, size: number) => {
              const all = await tensor.data();
              expect([...all.subarray(0, guard), ...all.subarray(guard + size)].every((value) => value === 7), "wrote outside").toBe(true);
              tensor.dispose();
              return all.subarray(guard, guard + size);
            };
            const product = matmulReference(dz, w, {}).data;
            const want = { nothing: (v: number) => v, "a residual": (v: number, i: number) => v + beside.data[i]!, "a slope": (v: number, i: number) => v * silu.slope(beside.data[i]!) };
            close(await inner(dx, rows * inputs), product.map(want[ending]));
            close(await inner(dw, outputs * inputs), matmulReference(dz, x, { transposeA: true }).data.map((v, i) => v + (adds ? dwBefore.data[i]! : 0)));
            const sums = Array.from({ length: outputs }, (_, o) => Array.from({ length: rows }, (_, row) => dz.data[row * outputs + o]!).reduce((a, b) => a + b));
            close(await inner(db, outputs), sums.map((v, o) => v + (adds ? dbBefore.data[o]! : 0)));
          }));
      }
    }
  }

  it("is what a layer takes whose products are tiles of subgroups, on a software adapter", async () => {
    const device = await testDevice();
    scope(() => {
      const buffers = { dz: fromArray(device, [0]).buffer, w: fromArray(device, [0]).buffer, x: fromArray(device, [0]).buffer };
      const takes = (rows: number, inputs: number, outputs: number) => makesBothGradients(device, buffers, { rows, inputs, outputs });
      expect(takes(64, 64, 64)).toBe(true);
      for (const [rows, inputs, outputs] of [[64, 66, 64], [0, 64, 64], [64, 64, 0], [1, 64, 64], [64, 64, 1], [64, 4, 64]] as const) {
        expect(takes(rows, inputs, outputs), `${rows}, ${inputs} -> ${outputs}`).toBe(false);
      }
      const gpu = Object.create(device, { adapter: { value: { ...device.adapter, class: "gpu-basic" } } }) as typeof device;
      expect(makesBothGradients(gpu, buffers, { rows: 64, inputs: 64, outputs: 64 })).toBe(false);
    });
  });

  it("gives the bits of dx that the product alone gives, in one dispatch a layer", () =>
    withoutLeak(async (device) => {
      const run = async (both: boolean) => {
        const leaf = (seed: number, shape: number[], requiresGrad = true) => fromArray(device, draw(seed, shape).data, { shape, requiresGrad });
        // A weight that wants no gradient leaves dx alone.
        const tensors = [leaf(1, [64, 64]), leaf(2, [128, 64], both), leaf(4, [64, 128], both)] as const;
        const [x, w1, w2] = tensors;
        const launched = scope(() => {
          const y = feedForward(x, w1, null, w2, null, { residual: x });
          const gradient = fromArray(device, draw(6, [64, 64]).data, { shape: [64, 64] });
          const { dispatches } = device.queue.counts;
          backward(y, { gradient });
          return device.queue.counts.dispatches - dispatches;
        });
        expect([w1, w2].map(({ grad }) => grad !== null)).toEqual([both, both]);
        const dx = [...(await x.grad!.data())];
        for (const one of tensors) one.dispose();
        return { dx, launched };
      };
      const [both, alone] = [await run(true), await run(false)];
      expect([both.launched, alone.launched]).toEqual([2, 2]);
      expect(both.dx).toEqual(alone.dx);
    }));
});
