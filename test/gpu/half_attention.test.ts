// Attention over f16: scores, softmax and sums are f32 in every family of kernels.
import { describe, expect } from "vitest";
import * as k from "../../src/ops/index.js";
import { autocast } from "../../src/tensor/autocast.js";
import { backward } from "../../src/tensor/backward.js";
import { scope } from "../../src/tensor/scope.js";
import { attentionCases, attentionLongestRowCases, attentionRowCases, attentionSizeCases, qkvCases } from "../cases/attention.js";
import { onClass } from "../support/adapter_class.js";
import { itInHalf } from "../support/half.js";
import { testRandom } from "../support/nd.js";
import { inHalf, testCases, type OpCase } from "../support/op_cases.js";

/** Gradients subtract sums that o, rounded to f16, is part of. */
const halves = (cases: readonly OpCase[]): OpCase[] => inHalf(cases).map((one) => ({ ...one, gradientTolerance: "autocast" }));

onClass("cpu", () => {
  testCases("scaledDotProductAttention", halves(attentionCases));
  testCases("sizes around a tile", halves(attentionSizeCases));
  testCases("rows", halves(attentionRowCases));
  testCases("qkvAttention", halves(qkvCases));
});
onClass("gpu-basic", () => {
  // Each length of rows is a pipeline that software adapters compile for seconds.
  testCases("scaledDotProductAttention", halves(attentionCases.filter(({ inputs }) => inputs.every(({ shape }) => shape.at(-1) !== 3))));
  testCases("sizes around a tile", halves(attentionSizeCases));
  testCases("longest rows", halves(attentionLongestRowCases));
});

describe("attention in f16", () => {
  itInHalf("sums many keys in f32: beyond what f16 could hold on the way", async (device) => {
    const [keys, dim] = [3000, 8];
    // Equal scores, so that the unnormalised sum over the keys is about 3000 * 60 = 180,000.
    using q = k.zeros(device, [1, 2, dim], { dtype: "f16" });
    using key = k.zeros(device, [1, keys, dim], { dtype: "f16" });
    using value = k.fromArray(device, Float64Array.from({ length: keys * dim }, (_, i) => 60 + (i % 2)), { shape: [1, keys, dim], dtype: "f16" });
    const y = await k.scaledDotProductAttention(q, key, value).data();
    expect([...y]).toEqual(Array.from({ length: 2 * dim }, (_, i) => 60 + (i % 2)));
  });

  itInHalf("gives f16 inside autocast, and gradients in the type of what went in", async (device) => {
    const random = testRandom(2);
    using qkv = k.fromArray(device, Float64Array.from({ length: 2 * 9 * 24 }, random.normal), { shape: [2, 9, 24], requiresGrad: true });
    const types = scope(() => {
      const y = autocast({ dtype: "f16" }, () => k.qkvAttention(qkv, { heads: 2, causal: true }));
      backward(k.sum(k.mul(y, y)));
      return y.dtype;
    });
    expect([types, qkv.grad!.dtype]).toEqual(["f16", "f32"]);
    using q = k.ones(device, [4, 8], { dtype: "f16" });
    expect(() => k.scaledDotProductAttention(q, q, k.ones(device, [4, 8]))).toThrow("q, k and v must have one dtype, got f16, f16 and f32; convert with cast()");
  });
});
