import { describe, expect, it } from "vitest";
import { DTypeError, FeatureError } from "../../src/errors.js";
import { halfBits, halfValue } from "../../src/half.js";
import * as k from "../../src/ops/index.js";
import { backward } from "../../src/tensor/backward.js";
import { binaryCases } from "../cases/binary.js";
import { compareCases } from "../cases/compare.js";
import { gatherTables } from "../cases/gather.js";
import { movementCases } from "../cases/movement.js";
import { pointwiseLossCases } from "../cases/pointwise_loss.js";
import { argCases, reductionCases } from "../cases/reductions.js";
import { unaryCases } from "../cases/unary.js";
import { whereCases } from "../cases/where.js";
import { testDevice } from "../support/device.js";
import { hasHalf, itInHalf } from "../support/half.js";
import { withoutLeak } from "../support/leak_check.js";
import { nd, roundToHalf, type Nd } from "../support/nd.js";
import { inHalf, testCases, type OpCase } from "../support/op_cases.js";

// Large cases add nothing here: the walks are those of f32.
const small = (cases: readonly OpCase[]) => cases.filter(({ inputs }) => inputs.every(({ shape }) => shape.reduce((a, b) => a * b, 1) <= 10_000));

testCases("unary", inHalf(small(unaryCases)));
testCases("binary", inHalf(small(binaryCases)));
testCases("where", inHalf(small(whereCases)));
testCases("compare", inHalf(small(compareCases)));
testCases("movement", inHalf(small(movementCases)));
testCases("gather", inHalf(small(gatherTables.gather!)));
testCases("indexSelect", inHalf(small(gatherTables.indexSelect!)));
testCases("reductions", inHalf(small(reductionCases)));
testCases("argmax", inHalf(small(argCases)));
testCases("elementwise losses", inHalf(small(pointwiseLossCases)));

const sum = ([a, b]: readonly Nd[]) => nd(a!.shape, a!.data.map((value, i) => value + b!.data[b!.data.length === 1 ? 0 : i]!));

/** f16 beside f32: the result is f32, and each gradient has its operand's type. */
const mixedCases: OpCase[] = [
  { name: "add f16 and f32", inputs: [{ shape: [5, 7], dtype: "f16" }, { shape: [5, 7] }], run: ([a, b]) => k.add(a!, b!), reference: sum, tolerance: "arithmetic", gradientTolerance: "half" },
  { name: "add f32 and an f16 scalar", inputs: [{ shape: [2, 9] }, { shape: [], dtype: "f16" }], run: ([a, b]) => k.add(a!, b!), reference: sum, tolerance: "arithmetic", gradientTolerance: "half" },
  {
    name: "mul f32 and f16",
    inputs: [{ shape: [3, 8] }, { shape: [3, 8], dtype: "f16" }],
    run: ([a, b]) => k.mul(a!, b!),
    reference: ([a, b]) => nd(a!.shape, a!.data.map((value, i) => value * b!.data[i]!)),
    tolerance: "arithmetic",
    gradientTolerance: "half",
  },
  {
    name: "where of f16 and f32",
    inputs: [{ shape: [9], dtype: "u32", values: (_, i) => i % 2 }, { shape: [9], dtype: "f16" }, { shape: [9] }],
    run: ([condition, a, b]) => k.where(condition!, a!, b!),
    reference: ([condition, a, b]) => nd([9], (i) => (condition!.data[i] === 0 ? b!.data[i]! : a!.data[i]!)),
    tolerance: "exact",
    gradientTolerance: "half",
  },
  {
    name: "cast f16 to f32",
    inputs: [{ shape: [3, 5], dtype: "f16" }],
    run: ([x]) => k.cast(x!, "f32"),
    reference: ([x]) => x!,
    tolerance: "exact",
    gradientTolerance: "half",
  },
  { name: "cast f32 to f16", inputs: [{ shape: [67] }], run: ([x]) => k.cast(x!, "f16"), reference: ([x]) => x!, tolerance: "half", gradientTolerance: "gradient", halfOutput: true },
];
testCases("f16 beside f32", mixedCases);

describe("f16 in memory", () => {
  itInHalf("reads all 65,536 values on the GPU as the host does", async (device) => {
    const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
    using x = k.fromArray(device, Float64Array.from(bits, halfValue), { dtype: "f16" });
    using y = k.cast(x, "f32");
    const [host, gpu] = [await x.data(), await y.data()];
    for (const i of bits) {
      const want = halfValue(i);
      expect(Object.is(host[i], want), `host ${i.toString(16)}`).toBe(true);
      expect(Object.is(gpu[i], want), `GPU ${i.toString(16)}`).toBe(true);
    }
  });

  itInHalf("rounds on the GPU as on the host: ties to even, subnormals, overflow", async (device) => {
    const values: number[] = [0, -0, 65504, 65519, 65520, 1e5, -1e9, 3e38, 2 ** -24, 2 ** -25, 2 ** -26, Infinity, -Infinity, NaN];
    for (let bits = 0; bits < 0x7c00; bits += 7) {
      const [low, high] = [halfValue(bits), bits === 0x7bff ? 65536 : halfValue(bits + 1)];
      values.push((low + high) / 2, low + (high - low) / 4, -(low + ((high - low) * 3) / 4));
    }
    using x = k.fromArray(device, values);
    using y = k.cast(x, "f16");
    const got = await y.data();
    values.forEach((value, i) => expect(Object.is(got[i], halfValue(halfBits(value))), `${value}: got ${got[i]}`).toBe(true));
  });

  for (const size of [0, 1, 2, 3, 4, 5, 127, 128, 129, 257, 1001]) {
    itInHalf(`holds ${size} elements, whatever their bytes`, () =>
      withoutLeak(async (device) => {
        const values = Array.from({ length: size }, (_, i) => (i % 97) / 4 - 3);
        using x = k.fromArray(device, values, { dtype: "f16" });
        expect([x.dtype, x.size, x.size_bytes]).toEqual(["f16", size, 4 * Math.ceil(size / 2)]);
        expect([...(await x.data())]).toEqual(values);
        x.set(values.map((value) => 0 - value));
        using doubled = k.mul(x, 2);
        expect([...(await doubled.data())]).toEqual(values.map((value) => 0 - 2 * value));
        using ones = k.ones(device, [size], { dtype: "f16" });
        expect([...(await ones.data())]).toEqual(values.map(() => 1));
        using padded = k.pad(x, [[1, 2]], { value: 0.5 });
        expect([...(await padded.data())]).toEqual([0.5, ...values.map((value) => 0 - value), 0.5, 0.5]);
      }),
    );
  }

  itInHalf("is made by every function that makes tensors", async (device) => {
    const dtype = "f16";
    expect([...(await k.full(device, [3], 0.1, { dtype }).data())]).toEqual([1, 1, 1].map(() => roundToHalf(0.1)));
    expect([...(await k.eye(device, 2, { dtype, cols: 3 }).data())]).toEqual([1, 0, 0, 0, 1, 0]);
    expect([...(await k.arange(device, 5, { dtype }).data())]).toEqual([0, 1, 2, 3, 4]);
    expect([...(await k.tensor(device, [[1, 2], [3, 4.0001]], { dtype }).data())]).toEqual([1, 2, 3, 4]);
    expect(await k.tensor(device, 2.5, { dtype }).item()).toBe(2.5);
    expect([...(await k.fromArray(device, [70000, -70000, NaN], { dtype }).data())]).toEqual([Infinity, -Infinity, NaN]);
  });

  itInHalf("has gradients of its own type, also where two of them add up", async (device) => {
    using x = k.fromArray(device, [1, 2, 3], { dtype: "f16", requiresGrad: true });
    backward(k.sum(k.add(k.mul(x, 3), k.mul(x, x))));
    expect(x.grad!.dtype).toBe("f16");
    expect([...(await x.grad!.data())]).toEqual([5, 7, 9]);
    backward(k.sum(x));
    expect([...(await x.grad!.data())]).toEqual([6, 8, 10]);
    using scalar = k.fromArray(device, [4], { shape: [], dtype: "f16", requiresGrad: true });
    backward(k.mul(scalar, scalar));
    expect(await scalar.grad!.item()).toBe(8);
    expect(() => backward(k.mul(x, 2), { gradient: k.ones(device, [3]) })).toThrow("backward: gradient must be f16, got f32");
  });

  itInHalf("adds up in f32: 4096 ones and a small number are not lost", async (device) => {
    using x = k.ones(device, [4099], { dtype: "f16" });
    const total = k.sum(x);
    expect([total.dtype, await total.item()]).toEqual(["f32", 4099]);
    expect(await k.mean(k.full(device, [3000], 60000, { dtype: "f16" })).item()).toBe(60000);
  });

  itInHalf("is refused by kernels that cannot take it, before anything is launched", async (device) => {
    using table = k.ones(device, [4, 4], { dtype: "f16" });
    using tokens = k.zeros(device, [3], { dtype: "i32" });
    expect(() => k.embedding(table, tokens)).toThrow(DTypeError);
  });

  it("is refused by an adapter without it, and the error names the feature", async () => {
    const device = await testDevice();
    if (hasHalf(device)) return expect(() => k.zeros(device, [2], { dtype: "f16" })).not.toThrow();
    for (const make of [() => k.zeros(device, [2], { dtype: "f16" }), () => k.fromArray(device, [1], { dtype: "f16" }), () => k.cast(k.ones(device, [2]), "f16")]) {
      expect(make).toThrow(FeatureError);
      expect(make).toThrow(/f16 needs the WebGPU feature "shader-f16", which this adapter lacks, got .*SwiftShader.*; use f32/);
    }
  });
});
