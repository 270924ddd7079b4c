import { describe, expect, it } from "vitest";
import { capture } from "../../src/capture/index.js";
import type { Device } from "../../src/gpu/device.js";
import { layoutOf } from "../../src/kernels/matmul_layout.js";
import { TransposedMatrices, transposedRows } from "../../src/kernels/transposed_matrices.js";
import { Linear } from "../../src/nn/index.js";
import { SGD } from "../../src/optim/index.js";
import { fromArray, mul, sum } from "../../src/ops/index.js";
import { noGrad } from "../../src/tensor/tape.js";
import { scope } from "../../src/tensor/scope.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { linearReference } from "../cases/linear.js";
import { withoutLeak } from "../support/leak_check.js";
import { nd, testRandom } from "../support/nd.js";
import { compare } from "../support/tolerances.js";

/** The same device, as a software adapter with subgroups of 8: one that reads columns badly. */
function likeLavapipe(device: Device): Device {
  return Object.create(device, { adapter: { value: { ...device.adapter, class: "cpu", subgroupMinSize: 8, subgroupMaxSize: 8 } } }) as Device;
}

function values(count: number, seed: number): Float32Array {
  const random = testRandom(seed);
  return Float32Array.from({ length: count }, () => random.normal());
}

describe("transposed matrices", () => {
  it("hold every matrix of a buffer, whatever its sizes", () =>
    withoutLeak(async (device) => {
      const shapes = [[1, 1], [4, 4], [5, 3], [3, 5], [8, 64], [65, 12], [7, 130]] as const;
      const places = shapes.map(([rows, cols], i) => ({ rows, cols, offset_bytes: i * 4096 }));
      const all = values(shapes.length * 1024, 1);
      const flat = fromArray(device, all);
      const kept = TransposedMatrices.attach(likeLavapipe(device), flat.memory, places)!;
      for (const { rows, cols, offset_bytes } of places) {
        const slice = { ...flat.buffer, offset_bytes, size_bytes: rows * cols * 4 };
        const found = transposedRows(slice, layoutOf({ m: 9, n: rows, k: cols, transposeB: true }))!;
        const got = new Float32Array(await device.read(found.rows));
        for (let c = 0; c < cols; c++) {
          for (let r = 0; r < rows; r++) expect(got[c * found.stride + r], `[${rows}, ${cols}] at ${r}, ${c}`).toBe(all[offset_bytes / 4 + r * cols + c]);
        }
      }
      kept.dispose();
      flat.dispose();
    }));

  it("are made by one launch, and again only once the buffer has changed", () =>
    withoutLeak((device) => {
      const flat = fromArray(device, values(256, 2));
      const kept = TransposedMatrices.attach(likeLavapipe(device), flat.memory, [{ rows: 8, cols: 8, offset_bytes: 0 }, { rows: 4, cols: 16, offset_bytes: 256 }])!;
      const first = { ...flat.buffer, size_bytes: 256 };
      const ask = () => {
        const before = device.queue.counts.dispatches;
        transposedRows(first, layoutOf({ m: 5, n: 8, k: 8, transposeB: true }));
        transposedRows({ ...first, offset_bytes: 256 }, layoutOf({ m: 5, n: 4, k: 16, transposeB: true }));
        return device.queue.counts.dispatches - before;
      };
      expect([ask(), ask()]).toEqual([1, 0]);
      flat.set(values(256, 3));
      expect([ask(), ask()]).toEqual([1, 0]);
      kept.dispose();
      expect(transposedRows(first, layoutOf({ m: 5, n: 8, k: 8, transposeB: true }))).toBeNull();
      flat.dispose();
    }));

  it("are not found for another shape, a batch, or a product that reads rows", () =>
    withoutLeak((device) => {
      const flat = fromArray(device, values(64, 2));
      const kept = TransposedMatrices.attach(likeLavapipe(device), flat.memory, [{ rows: 8, cols: 8, offset_bytes: 0 }])!;
      const find = (sizes: Parameters<typeof layoutOf>[0]) => transposedRows(flat.buffer, layoutOf(sizes));
      expect(find({ m: 5, n: 4, k: 16, transposeB: true })).toBeNull();
      expect(find({ m: 5, n: 8, k: 8 })).toBeNull();
      expect(find({ m: 5, n: 8, k: 8, transposeB: true, batch: { extents: [2], a: [40], b: [0] } })).toBeNull();
      kept.dispose();
      flat.dispose();
    }));
});

/** The weights after each of five steps of SGD on sum((x Wᵀ + b)²), and what the layer then gives and should. */
async function train(device: Device, captured: boolean): Promise<{ weights: number[]; got: number[]; want: number[] }> {
  const [rows, inputs, outputs] = [120, 12, 20];
  const layer = new Linear(device, inputs, outputs, { seed: 4 });
  const x = fromArray(device, values(rows * inputs, 5), { shape: [rows, inputs] });
  const optimizer = new SGD(layer.parameters(), { lr: 1e-4 });
  const step = (): Tensor => {
    optimizer.zeroGrad();
    const y = layer.forward(x);
    const loss = sum(mul(y, y));
    loss.backward();
    optimizer.step();
    return loss;
  };
  const forward = () => scope(() => noGrad(() => layer.forward(x)));
  // Copies that are good when the recording begins must be made by each replay all the same.
  forward().dispose();
  const replayed = captured ? capture(device, step) : null;
  const weights: number[] = [];
  for (let i = 0; i < 5; i++) {
    if (replayed) replayed();
    else scope(step).dispose();
    weights.push(...(await layer.weight.data()));
  }
  const y = forward();
  const read = async (tensor: Tensor) => {
    const data = await tensor.data();
    return nd(tensor.shape, (at) => data[at]!);
  };
  const want = [...linearReference(await read(x), await read(layer.weight), await read(layer.bias!)).data];
  const got = [...(await y.data())];
  y.dispose();
  replayed?.dispose();
  optimizer.dispose();
  x.dispose();
  layer.dispose();
  return { weights, got, want };
}

describe("a linear layer of an optimizer's parameters", () => {
  for (const captured of [false, true]) {
    it(`reads the weights that the last ${captured ? "captured " : ""}step left`, () =>
      withoutLeak(async (device) => {
        const { got, want } = await train(device, captured);
        const result = compare(got, want, "matmul");
        expect(result.worst, result.message).toBeLessThanOrEqual(1);
      }));
  }

  it("trains alike eagerly and captured", () =>
    withoutLeak(async (device) => {
      const eager = await train(device, false);
      expect(new Set(eager.weights.filter((_, i) => i % 240 === 0)).size, "steps that change the weights").toBe(5);
      expect((await train(device, true)).weights).toEqual(eager.weights);
    }));
});
