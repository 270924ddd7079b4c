// A disposed tensor is refused before an output is allocated that nobody would free.
import { describe, expect, it } from "vitest";
import { DisposedError } from "../../src/errors.js";
import * as k from "../../src/ops/index.js";
import { backward } from "../../src/tensor/backward.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { testDevice } from "../support/device.js";

describe("a disposed tensor", () => {
  it("is an error in every place of an op, and leaves no memory behind", async () => {
    const device = await testDevice();
    const gone = (shape: number[], dtype: "f32" | "i32" | "u32" = "f32"): Tensor => {
      const x = k.ones(device, shape, { dtype });
      x.dispose();
      return x;
    };
    using x = k.ones(device, [2, 3]);
    using square = k.ones(device, [3, 3]);
    using row = k.ones(device, [3]);
    using targets = k.zeros(device, [2], { dtype: "i32" });
    using signal = k.ones(device, [1, 2, 5]);
    using kernel = k.ones(device, [3, 2, 3]);
    const calls: Record<string, () => unknown> = {
      neg: () => k.neg(gone([3])),
      add: () => k.add(x, gone([3])),
      clamp: () => k.clamp(gone([3]), { min: 0 }),
      where: () => k.where(gone([2, 3], "u32"), x, x),
      matmul: () => k.matmul(x, gone([3, 3])),
      linear: () => k.linear(x, square, gone([3])),
      softmax: () => k.softmax(gone([3])),
      sum: () => k.sum(gone([3]), { axis: 0 }),
      max: () => k.max(gone([3]), { axis: 0 }),
      norm: () => k.norm(gone([3])),
      layerNorm: () => k.layerNorm(x, gone([3]), null),
      rmsNorm: () => k.rmsNorm(x, gone([3])),
      batchNorm: () => k.batchNorm(x, { training: true, runningMean: gone([3]), runningVar: row }),
      embedding: () => k.embedding(square, gone([2], "i32")),
      gather: () => k.gather(x, 0, gone([1, 3], "i32")),
      crossEntropy: () => k.crossEntropy(x, targets, { weight: gone([3]) }),
      mseLoss: () => k.mseLoss(x, gone([2, 3])),
      conv1d: () => k.conv1d(signal, kernel, gone([3])),
      maxPool1d: () => k.maxPool1d(gone([1, 2, 5]), { kernelSize: 2 }),
      concat: () => k.concat([x, gone([2, 3])]),
      slice: () => k.slice(gone([3, 3]), 0, 1),
      permute: () => k.permute(gone([3, 3]), [1, 0]),
      cast: () => k.cast(gone([3]), "i32"),
    };
    for (const [op, call] of Object.entries(calls)) {
      const { liveBuffers } = device.memory();
      expect(call, op).toThrow(DisposedError);
      expect(call, op).toThrow(new RegExp(`^${op}: .* is used after dispose\\(\\)`));
      expect(device.memory().liveBuffers, op).toBe(liveBuffers);
    }
  });

  it("gets no gradient when it is a leaf, and the others do", async () => {
    const device = await testDevice();
    const { liveBuffers } = device.memory();
    const a = k.fromArray(device, [2, 3], { requiresGrad: true });
    const b = k.fromArray(device, [5, 7], { requiresGrad: true });
    const y = k.mul(a, b);
    const total = k.sum(y);
    a.dispose();
    backward(total);
    expect(a.grad).toBeNull();
    expect([...(await b.grad!.data())]).toEqual([2, 3]);
    for (const tensor of [b, y, total]) tensor.dispose();
    expect(device.memory().liveBuffers).toBe(liveBuffers);
  });
});
