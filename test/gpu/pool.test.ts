import { describe, expect, it } from "vitest";
import { fromArray, ones, zeros } from "../../src/ops/creation.js";
import { avgPool1d, avgPool2d, maxPool1d, maxPool2d } from "../../src/ops/pool.js";
import { scope } from "../../src/tensor/scope.js";
import { backward } from "../../src/tensor/backward.js";
import { poolCases } from "../cases/pool.js";
import { testDevice } from "../support/device.js";
import { testCases } from "../support/op_cases.js";

testCases("pool", poolCases);

describe("maxPool1d", () => {
  it("gives the gradient to the first of equal maxima", async () => {
    const device = await testDevice();
    const x = fromArray(device, [1, 5, 5, 5, -Infinity, -Infinity], { shape: [1, 1, 6], requiresGrad: true });
    scope(() => backward(maxPool1d(x, { kernelSize: 2 }), { gradient: fromArray(device, [1, 2, 4], { shape: [1, 1, 3] }) }));
    expect([...(await x.grad!.data())]).toEqual([0, 1, 2, 0, 4, 0]);
    x.dispose();
  });

  it("passes NaN and infinities on", async () => {
    const device = await testDevice();
    const x = fromArray(device, [NaN, 1, 2, NaN, NaN, Infinity, -Infinity, -Infinity, 3, -Infinity], { shape: [1, 1, 10], requiresGrad: true });
    const y = scope(() => {
      const y = maxPool1d(x, { kernelSize: 2 });
      backward(y, { gradient: ones(device, [1, 1, 5]) });
      return y.detach();
    });
    expect([...(await y.data())]).toEqual([NaN, NaN, NaN, -Infinity, 3]);
    expect([...(await x.grad!.data())]).toEqual([1, 0, 0, 1, 1, 0, 1, 0, 1, 0]);
    x.dispose();
    y.dispose();
  });

  it("gives -infinity and no gradient where dilation puts a window into the padding whole", async () => {
    const device = await testDevice();
    const x = fromArray(device, [1, 2], { shape: [1, 1, 2], requiresGrad: true });
    const y = scope(() => {
      const y = maxPool1d(x, { kernelSize: 2, stride: 1, padding: 1, dilation: 3 });
      backward(y, { gradient: ones(device, [1, 1, 1]) });
      return y.detach();
    });
    expect([...(await y.data())]).toEqual([-Infinity]);
    expect([...(await x.grad!.data())]).toEqual([0, 0]);
    x.dispose();
    y.dispose();
  });
});

describe("pools refuse", () => {
  it("windows that do not fit and unknown options", async () => {
    const device = await testDevice();
    scope(() => {
      const x = zeros(device, [1, 2, 4, 4]);
      expect(() => maxPool2d(x, { kernelSize: 5 })).toThrow("maxPool2d: the kernel is larger than the padded input, got 5 over 4 + 2 x 0");
      expect(() => maxPool2d(x, { kernelSize: 2, padding: 2 })).toThrow("maxPool2d: padding must be at most half of kernelSize, got 2 x 2 for 2 x 2");
      expect(() => maxPool2d(x, { kernelSize: 0 })).toThrow("maxPool2d: kernelSize must be a whole number >= 1, got 0");
      expect(() => maxPool2d(x, { kernelSize: [2, 2, 2] })).toThrow("maxPool2d: kernelSize must be a number or [y, x], got [2,2,2]");
      expect(() => maxPool2d(x, {} as never)).toThrow("maxPool2d: kernelSize must be given");
      expect(() => maxPool2d(x, undefined as never)).toThrow("maxPool2d: kernelSize must be given");
      expect(() => avgPool2d(x, { kernelSize: 2, dilation: 2 } as never)).toThrow('avgPool2d: unknown option "dilation"');
      expect(() => avgPool1d(x, { kernelSize: 2 })).toThrow("avgPool1d: x must have 3 dimensions, got [1, 2, 4, 4]");
      expect(() => maxPool1d(zeros(device, [1, 2, 4], { dtype: "i32" }), { kernelSize: 2 })).toThrow("maxPool1d: x must be f32 or f16, got i32");
    });
  });
});
