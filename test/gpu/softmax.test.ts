import { describe, expect, it } from "vitest";
import { softmaxBackward, softmaxForward } from "../../src/kernels/softmax.js";
import { fromArray, zeros } from "../../src/ops/creation.js";
import { logSoftmax, softmax } from "../../src/ops/softmax.js";
import { empty } from "../../src/tensor/tensor.js";
import { logSoftmaxReference, rowGeometries, softmaxCases, softmaxReference } from "../cases/softmax.js";
import { testDevice } from "../support/device.js";
import { withoutLeak } from "../support/leak_check.js";
import { nd, testRandom } from "../support/nd.js";
import { testCases } from "../support/op_cases.js";
import { compare } from "../support/tolerances.js";

testCases("softmax", softmaxCases);

describe("softmax kernels, each variant", () => {
  for (const variant of ["invocation", "subgroup", "workgroup"] as const) {
    for (const log of [false, true]) {
      it.each(rowGeometries)(`${variant}, log ${log}: %j along %i`, ([...shape], axis) =>
        withoutLeak(async (device) => {
          const along = axis < 0 ? axis + shape.length : axis;
          const product = (extents: number[]) => extents.reduce((a, b) => a * b, 1);
          const sizes = { outer: product(shape.slice(0, along)), extent: shape[along]!, inner: product(shape.slice(along + 1)) };
          const random = testRandom(5);
          const values = nd(shape, () => Math.fround(random.normal()));
          const cotangent = nd(shape, () => Math.fround(random.normal()));
          const want = (log ? logSoftmaxReference : softmaxReference)(values, axis);
          using x = fromArray(device, values.data, { shape });
          using dy = fromArray(device, cotangent.data, { shape });
          using y = empty(device, shape);
          using dx = empty(device, shape);
          softmaxForward(device, { x: x.buffer, y: y.buffer }, sizes, { log }, variant);
          softmaxBackward(device, { y: y.buffer, dy: dy.buffer, dx: dx.buffer }, sizes, { log }, variant);
          const forward = compare(await y.data(), want.data, "reduction");
          expect(forward.worst, forward.message).toBeLessThanOrEqual(1);
          const backward = compare(await dx.data(), gradientReference(want.data, cotangent.data, sizes, log), "gradient");
          expect(backward.worst, backward.message).toBeLessThanOrEqual(1);
        }));
    }
  }
});

function gradientReference(y: Float64Array, dy: Float64Array, { extent, inner }: { extent: number; inner: number }, log: boolean): Float64Array {
  return y.map((_, i) => {
    const first = i - (Math.floor(i / inner) % extent) * inner;
    let sum = 0;
    for (let k = 0; k < extent; k++) sum += dy[first + k * inner]! * (log ? 1 : y[first + k * inner]!);
    return log ? dy[i]! - Math.exp(y[i]!) * sum : y[i]! * (dy[i]! - sum);
  });
}

describe("softmax at special values", () => {
  it.each([3, 4, 5, 130, 132])("rows of %i: masked by -infinity, and NaN where there is no answer", async (cols) => {
    const device = await testDevice();
    const rows = Array.from({ length: 5 }, () => new Array<number>(cols).fill(1));
    rows[0]![cols - 1] = -Infinity;
    rows[1]![1] = NaN;
    rows[2]![cols - 2] = Infinity;
    rows[3]!.fill(-Infinity);
    for (const variant of ["invocation", "subgroup", "workgroup"] as const) {
      for (const [log, masked, alone] of [[false, 0, 1 / (cols - 1)], [true, -Infinity, -Math.log(cols - 1)]] as const) {
        using x = fromArray(device, rows.flat(), { shape: [5, cols] });
        using y = empty(device, [5, cols]);
        softmaxForward(device, { x: x.buffer, y: y.buffer }, { outer: 5, extent: cols, inner: 1 }, { log }, variant);
        const want = rows.map((_, r) => new Array<number>(cols).fill(r === 0 ? alone : r === 4 ? (log ? -Math.log(cols) : 1 / cols) : NaN));
        want[0]![cols - 1] = masked;
        const result = compare(await y.data(), want.flat(), "reduction");
        expect(result.worst, `${variant}, log ${log}: ${result.message}`).toBeLessThanOrEqual(1);
      }
    }
  });

  it("NaN in fours of rows stays in its row", async () => {
    const device = await testDevice();
    const values = [1, NaN, 1, 1, 1, 1, 1, 1];
    for (const op of [softmax, logSoftmax]) {
      using x = fromArray(device, values, { shape: [2, 4] });
      using y = op(x, { axis: 0 });
      const want = op === softmax ? 0.5 : Math.log(0.5);
      const result = compare(await y.data(), [want, NaN, want, want, want, NaN, want, want], "reduction");
      expect(result.worst, result.message).toBeLessThanOrEqual(1);
    }
  });

  it("takes empty tensors", () =>
    withoutLeak(async (device) => {
      for (const [shape, axis] of [[[0, 3], -1], [[3, 0], -1], [[3, 0], 0]] as const) {
        using x = zeros(device, shape);
        using y = softmax(x, { axis });
        expect(y.shape).toEqual(shape);
        expect([...(await y.data())]).toEqual([]);
      }
    }));
});

describe("softmax refuses", () => {
  it("what it cannot take", async () => {
    const device = await testDevice();
    using scalar = zeros(device, []);
    using counts = zeros(device, [2, 3], { dtype: "i32" });
    using x = zeros(device, [2, 3]);
    expect(() => softmax(scalar)).toThrow("softmax: x must have at least 1 dimensions");
    expect(() => logSoftmax(counts)).toThrow("logSoftmax: x must be f32 or f16, got i32");
    expect(() => softmax(x, { axis: 2 })).toThrow("softmax: axis out of range, got 2 for rank 2");
    expect(() => softmax(x, { dim: 1 } as never)).toThrow('softmax: unknown option "dim"; known options: axis');
  });
});
