import { describe, expect, it } from "vitest";
import { zeros, randn } from "../../src/ops/creation.js";
import { conv1d, conv2d } from "../../src/ops/conv.js";
import { scope } from "../../src/tensor/scope.js";
import { backward } from "../../src/tensor/backward.js";
import { convCases, emptyBatchCases } from "../cases/conv.js";
import { testDevice } from "../support/device.js";
import { testCases } from "../support/op_cases.js";

testCases("conv", [...convCases, ...emptyBatchCases]);

describe("conv2d", () => {
  it("gives the same bits twice", async () => {
    const device = await testDevice();
    const once = async () => {
      const [x, w, b] = [randn(device, [6, 3, 9, 9], { seed: 1, requiresGrad: true }), randn(device, [5, 3, 3, 3], { seed: 2, requiresGrad: true }), randn(device, [5], { seed: 3, requiresGrad: true })];
      scope(() => backward(conv2d(x, w, b, { padding: 1 }), { gradient: randn(device, [6, 5, 9, 9], { seed: 4 }) }));
      const bits = [await x.grad!.data(), await w.grad!.data(), await b.grad!.data()];
      for (const tensor of [x, w, b]) tensor.dispose();
      return bits;
    };
    expect(await once()).toEqual(await once());
  });

  it("refuses what does not fit", async () => {
    const device = await testDevice();
    scope(() => {
      const x = zeros(device, [2, 4, 5, 5]);
      const w = zeros(device, [6, 4, 3, 3]);
      expect(() => conv2d(x, zeros(device, [6, 3, 3, 3]))).toThrow("conv2d: channels do not fit, got x [2, 4, 5, 5], weight [6, 3, 3, 3] and groups 1; a weight is stored [out, in / groups, ...]");
      expect(() => conv2d(x, zeros(device, [5, 2, 3, 3]), null, { groups: 2 })).toThrow("conv2d: channels do not fit");
      expect(() => conv2d(x, zeros(device, [6, 4, 6, 3]))).toThrow("conv2d: the kernel is larger than the padded input, got 6 over 5 + 2 x 0");
      expect(() => conv2d(x, w, zeros(device, [4]))).toThrow("conv2d: bias must have one value an output channel, [6], got [4]");
      expect(() => conv2d(x, w, null, { stride: 0 })).toThrow("conv2d: stride must be a whole number >= 1, got 0");
      expect(() => conv2d(x, w, null, { padding: -1 })).toThrow("conv2d: padding must be a whole number >= 0, got -1");
      expect(() => conv2d(x, w, null, { dilation: [1, 1, 1] })).toThrow("conv2d: dilation must be a number or [y, x], got [1,1,1]");
      expect(() => conv2d(x, w, null, { groups: 1.5 })).toThrow("conv2d: groups must be a whole number >= 1, got 1.5");
      expect(() => conv2d(x, w, null, { strides: 2 } as never)).toThrow('conv2d: unknown option "strides"');
      expect(() => conv2d(zeros(device, [4, 5, 5]), w)).toThrow("conv2d: x must have 4 dimensions, got [4, 5, 5]");
      expect(() => conv2d(zeros(device, [2, 4, 5, 5], { dtype: "i32" }), w)).toThrow("conv2d: x must be f32 or f16, got i32");
      expect(() => conv2d(x, zeros(device, [6, 4, 0, 3]))).toThrow("conv2d: the kernel must have at least one element");
      expect(() => conv1d(x, w)).toThrow("conv1d: x must have 3 dimensions, got [2, 4, 5, 5]");
    });
  });
});
