// Row kernels over f16: norms, softmax and cross-entropy read it, and compute in f32.
import { describe, expect } from "vitest";
import * as k from "../../src/ops/index.js";
import { autocast } from "../../src/tensor/autocast.js";
import { backward } from "../../src/tensor/backward.js";
import { scope } from "../../src/tensor/scope.js";
import { crossEntropyCases } from "../cases/cross_entropy.js";
import { dropoutCases } from "../cases/dropout.js";
import { rowNormCases } from "../cases/layer_norm.js";
import { softmaxCases } from "../cases/softmax.js";
import { itInHalf } from "../support/half.js";
import { withoutLeak } from "../support/leak_check.js";
import { roundToHalf, testRandom } from "../support/nd.js";
import { inHalf, testCases, type OpCase } from "../support/op_cases.js";

// Small, and without values beyond the range of f16.
const small = (cases: readonly OpCase[]) => cases.filter(({ name, inputs }) => !name.includes("3e9") && inputs.every(({ shape }) => shape.reduce((a, b) => a * b, 1) <= 20_000));

/** f16 in the first input alone: weights stay f32. */
function firstInHalf(cases: readonly OpCase[]): OpCase[] {
  return inHalf(cases).map((one, position) => ({ ...one, inputs: one.inputs.map((input, i) => (i === 0 ? input : cases[position]!.inputs[i]!)) }));
}

testCases("norms", firstInHalf(small(rowNormCases)));
testCases("norms", inHalf(small(rowNormCases).slice(0, 12)).map((one) => ({ ...one, name: `${one.name}, weights too` })));
testCases("softmax", inHalf(small(softmaxCases)));
testCases("cross-entropy", firstInHalf(small(crossEntropyCases)));
testCases("dropout", inHalf(small(dropoutCases)));

describe("norms of f16", () => {
  itInHalf("give f16 inside autocast, f32 for f32 outside", (device) =>
    withoutLeak(() => {
      scope(() => {
        const x = k.ones(device, [3, 8]);
        const weight = k.ones(device, [8]);
        expect(k.layerNorm(x, weight).dtype).toBe("f32");
        expect(autocast({ dtype: "f16" }, () => k.layerNorm(x, weight)).dtype).toBe("f16");
        expect(autocast({ dtype: "f16" }, () => k.rmsNorm(k.cast(x, "f16"), weight)).dtype).toBe("f16");
        expect(k.rmsNorm(k.cast(x, "f16"), weight).dtype).toBe("f16");
      });
    }),
  );

  itInHalf("keep an eps that f16 cannot hold, and variances that f16 cannot hold", async (device) => {
    // The smallest f16 is 6e-8; the mean of these squares is 1e-9.
    const values = Array.from({ length: 16 }, (_, i) => (i % 2 === 0 ? 2 ** -15 : -(2 ** -15)));
    using x = k.fromArray(device, values, { shape: [1, 16], dtype: "f16" });
    const y = await k.layerNorm(x, null, null, { eps: 2 ** -30 }).data();
    expect(y[0]).toBeCloseTo(Math.SQRT1_2, 3);
    using large = k.fromArray(device, values.map((value) => value * 2 ** 30), { shape: [1, 16], dtype: "f16" });
    expect((await k.rmsNorm(large).data())[0]).toBeCloseTo(1, 3);
  });
});

describe("cross-entropy of f16", () => {
  itInHalf("loses no gradient to the mean over many rows: what it divides by is divided out in f32", async (device) => {
    const [rows, classes] = [4096, 32];
    const random = testRandom(4);
    const values = Float64Array.from({ length: rows * classes }, () => roundToHalf(random.normal()));
    const targets = k.fromArray(device, Array.from({ length: rows }, () => random.integer(classes)), { dtype: "i32" });
    using half = k.fromArray(device, values, { shape: [rows, classes], dtype: "f16", requiresGrad: true });
    using full = k.fromArray(device, values, { shape: [rows, classes], requiresGrad: true });
    // As an optimizer's loss scale does.
    using scale = k.full(device, [], 65536);
    scope(() => {
      for (const x of [half, full]) backward(k.mul(k.crossEntropy(x, targets), scale));
    });
    targets.dispose();
    const [got, want] = [await half.grad!.data(), await full.grad!.data()];
    let worst = 0;
    for (let i = 0; i < want.length; i++) worst = Math.max(worst, Math.abs(got[i]! / want[i]! - 1));
    // Two roundings to f16: of p - onehot, and of the product.
    expect(worst).toBeLessThan(2 ** -9);
  });

  itInHalf("may leave its gradient where the logits were", async (device) => {
    const random = testRandom(6);
    const values = Float64Array.from({ length: 60 }, () => roundToHalf(random.normal()));
    using targets = k.fromArray(device, [0, 3, 2, 1, 4], { dtype: "i32" });
    const gradient = async (overwriteLogits: boolean) => {
      using x = k.fromArray(device, values, { shape: [5, 12], dtype: "f16", requiresGrad: true });
      const loss = scope(() => {
        const loss = k.crossEntropy(k.mul(x, 2), targets, { overwriteLogits });
        backward(loss);
        return loss;
      });
      return [await loss.item(), ...(await x.grad!.data())];
    };
    expect(await gradient(true)).toEqual(await gradient(false));
  });
});
