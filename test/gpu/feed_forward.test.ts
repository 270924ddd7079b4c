import { describe, expect, it } from "vitest";
import { fromArray, zeros } from "../../src/ops/creation.js";
import { feedForward } from "../../src/ops/feed_forward.js";
import { scope } from "../../src/tensor/scope.js";
import { backward } from "../../src/tensor/backward.js";
import { feedForwardCases } from "../cases/linear.js";
import { testDevice } from "../support/device.js";
import { withoutLeak } from "../support/leak_check.js";
import { testRandom } from "../support/nd.js";
import { testCases } from "../support/op_cases.js";

testCases("feedForward", feedForwardCases);

describe("feedForward", () => {
  it("is two dispatches forward, and four backward with all gradients", () =>
    withoutLeak((device) => {
      const random = testRandom(9);
      const leaf = (shape: number[]) => {
        const values = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.normal());
        return fromArray(device, values, { shape, requiresGrad: true });
      };
      const leaves = [leaf([20, 8]), leaf([32, 8]), leaf([32]), leaf([8, 32]), leaf([8]), leaf([20, 8])] as const;
      const [x, w1, b1, w2, b2, residual] = leaves;
      scope(() => {
        const { counts } = device.queue;
        const start = counts.dispatches;
        const y = feedForward(x, w1, b1, w2, b2, { residual });
        expect(counts.dispatches - start).toBe(2);
        const gradient = zeros(device, [20, 8]);
        const before = counts.dispatches;
        backward(y, { gradient });
        expect(counts.dispatches - before).toBe(4);
      });
      for (const one of leaves) one.dispose();
    }));

  it("computes only what the wanted gradients need", () =>
    withoutLeak(async (device) => {
      const one = (shape: number[], requiresGrad = false) => fromArray(device, new Float32Array(shape.reduce((a, b) => a * b)).fill(1), { shape, requiresGrad });
      const tensors = [one([3, 2]), one([4, 2]), one([2, 4]), one([2], true)] as const;
      const [x, w1, w2, b2] = tensors;
      scope(() => {
        const y = feedForward(x, w1, null, w2, b2);
        const { dispatches } = device.queue.counts;
        backward(y, { gradient: one([3, 2]) });
        expect(device.queue.counts.dispatches - dispatches).toBe(1);
      });
      expect([...(await b2.grad!.data())]).toEqual([3, 3]);
      for (const tensor of tensors) tensor.dispose();
    }));

  it("refuses what does not fit", async () => {
    const device = await testDevice();
    scope(() => {
      const [x, w1, w2] = [zeros(device, [5, 3]), zeros(device, [8, 3]), zeros(device, [4, 8])];
      expect(() => feedForward(x, zeros(device, [8, 4]), null, w2, null)).toThrow("feedForward: x must end in the weight's 4 inputs, got x [5, 3] and w1 [8, 4]; a weight is stored [out, in]");
      expect(() => feedForward(x, w1, null, zeros(device, [8, 4]), null)).toThrow("feedForward: w2 must take w1's 8 hidden units, got w2 [8, 4]; a weight is stored [out, in]");
      expect(() => feedForward(x, w1, zeros(device, [4]), w2, null)).toThrow("feedForward: b1 must have one value a column, [8], got [4]");
      expect(() => feedForward(x, w1, null, w2, zeros(device, [8]))).toThrow("feedForward: b2 must have one value a column, [4], got [8]");
      expect(() => feedForward(x, w1, null, w2, null, { residual: x })).toThrow("feedForward: residual must have the shape of y, [5, 4], got [5, 3]");
      expect(() => feedForward(x, w1, null, w2, null, { activation: "elu" as never })).toThrow('feedForward: unknown activation, got "elu"');
      expect(() => feedForward(x, w1, null, w2, null, { dropOut: 1 } as never)).toThrow('feedForward: unknown option "dropOut"; known options: activation, dropout, residual');
    });
  });
});
