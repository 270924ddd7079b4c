import { describe, expect, it } from "vitest";
import { SGD } from "../../src/optim/index.js";
import { fromArray, zeros } from "../../src/ops/creation.js";
import { dropout } from "../../src/ops/dropout.js";
import { linear, type LinearOptions } from "../../src/ops/linear.js";
import { relu } from "../../src/ops/activation.js";
import { add } from "../../src/ops/binary.js";
import { Generator } from "../../src/tensor/random.js";
import { scope } from "../../src/tensor/scope.js";
import { backward } from "../../src/tensor/backward.js";
import { noGrad } from "../../src/tensor/tape.js";
import { linearCases, linearEndingCases } from "../cases/linear.js";
import { testDevice } from "../support/device.js";
import { withoutLeak } from "../support/leak_check.js";
import { testRandom } from "../support/nd.js";
import { testCases } from "../support/op_cases.js";
import { compare } from "../support/tolerances.js";

testCases("linear", linearCases);
testCases("linear and what follows it", linearEndingCases);

describe("linear refuses", () => {
  it("sizes and dtypes that do not fit", async () => {
    const device = await testDevice();
    scope(() => {
      const x = zeros(device, [2, 3]);
      const weight = zeros(device, [4, 3]);
      expect(() => linear(x, zeros(device, [3, 4]))).toThrow("linear: x must end in the weight's 4 inputs, got x [2, 3] and weight [3, 4]; a weight is stored [out, in]");
      expect(() => linear(x, weight, zeros(device, [3]))).toThrow("linear: bias must have one value a column, [4], got [3]");
      expect(() => linear(x, zeros(device, [3]))).toThrow("linear: weight must have 2 dimensions, got [3]");
      expect(() => linear(zeros(device, []), weight)).toThrow("linear: x must have at least 1 dimensions, got []");
      expect(() => linear(zeros(device, [2, 3], { dtype: "i32" }), weight)).toThrow("linear: x must be f32 or f16, got i32");
      expect(() => linear(x, weight, zeros(device, [4], { dtype: "u32" }))).toThrow("linear: bias must be f32 or f16, got u32");
    });
  });

  it("activations, dropouts, residuals and options that do not fit", async () => {
    const device = await testDevice();
    scope(() => {
      const x = zeros(device, [2, 3]);
      const weight = zeros(device, [4, 3]);
      const refuses = (options: LinearOptions, message: string) => expect(() => linear(x, weight, null, options)).toThrow(message);
      refuses({ activation: "elu" as never }, 'linear: unknown activation, got "elu"; use gelu, geluTanh, silu, relu, sigmoid, tanh, or apply another to the output');
      refuses({ residual: zeros(device, [2, 3]) }, "linear: residual must have the shape of y, [2, 4], got [2, 3]");
      refuses({ residual: zeros(device, [2, 4], { dtype: "i32" }) }, "linear: residual must be f32 or f16, got i32");
      refuses({ dropout: { p: 2, generator: new Generator(1) } }, "linear: p must be");
      refuses({ dropout: { p: 0.5 } as never }, "linear: generator must be a Generator");
      refuses({ bias: true } as never, 'linear: unknown option "bias"; known options: activation, dropout, residual');
    });
  });
});

function drawn(shape: number[], seed: number): Float32Array {
  const random = testRandom(seed);
  return Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.normal());
}

describe("linear", () => {
  it("is one dispatch forward, and two backward with all gradients", () =>
    withoutLeak((device) => {
      const leaf = (shape: number[], seed: number) => fromArray(device, drawn(shape, seed), { shape, requiresGrad: true });
      const leaves = [leaf([20, 8], 1), leaf([12, 8], 2), leaf([12], 3), leaf([20, 12], 4)] as const;
      const [x, weight, bias, residual] = leaves;
      scope(() => {
        const gradient = fromArray(device, drawn([20, 12], 5), { shape: [20, 12] });
        const y = noGrad(() => linear(x, weight, bias, { activation: "gelu", residual }));
        expect(y.node).toBeNull();
        const { counts } = device.queue;
        const start = counts.dispatches;
        const z = linear(x, weight, bias, { residual });
        expect(counts.dispatches - start).toBe(1);
        backward(z, { gradient });
        expect(counts.dispatches - start).toBe(3);
      });
      for (const one of leaves) one.dispose();
    }));

  it("writes gradients where an optimizer wants them, and adds to those that are there", () =>
    withoutLeak(async (device) => {
      const once = async (passes: number, optimizes: boolean) => {
        const weight = fromArray(device, drawn([6, 5], 1), { shape: [6, 5], requiresGrad: true });
        const bias = fromArray(device, drawn([6], 2), { shape: [6], requiresGrad: true });
        const optimizer = optimizes ? new SGD([weight, bias], { lr: 1 }) : null;
        let launched = 0;
        for (let pass = 0; pass < passes; pass++) {
          scope(() => {
            const x = fromArray(device, drawn([9, 5], 3 + pass), { shape: [9, 5] });
            const y = linear(x, weight, bias);
            const gradient = fromArray(device, drawn([9, 6], 30 + pass), { shape: [9, 6] });
            const { dispatches } = device.queue.counts;
            backward(y, { gradient });
            launched += device.queue.counts.dispatches - dispatches;
          });
        }
        const gradients = [...(await weight.grad!.data()), ...(await bias.grad!.data())];
        optimizer?.dispose();
        weight.dispose();
        bias.dispose();
        return { gradients, launched };
      };
      const [one, three, arena] = [await once(1, false), await once(3, false), await once(3, true)];
      expect([one.launched, three.launched, arena.launched]).toEqual([1, 3, 3]);
      expect(arena.gradients).toEqual(three.gradients);
      const parts = [0, 1, 2].map((pass) => ({ x: drawn([9, 5], 3 + pass), dy: drawn([9, 6], 30 + pass) }));
      const sum = (term: (part: (typeof parts)[number], row: number) => number) => parts.reduce((total, part) => total + Array.from({ length: 9 }, (_, row) => term(part, row)).reduce((a, b) => a + b), 0);
      const dWeight = Array.from({ length: 30 }, (_, at) => sum(({ x, dy }, row) => dy[row * 6 + Math.floor(at / 5)]! * x[row * 5 + (at % 5)]!));
      const dBias = Array.from({ length: 6 }, (_, o) => sum(({ dy }, row) => dy[row * 6 + o]!));
      const result = compare(three.gradients, [...dWeight, ...dBias], "gradient");
      expect(result.worst, result.message).toBeLessThanOrEqual(1);
    }));

  it("leaves out the gradients nobody needs", () =>
    withoutLeak(async (device) => {
      const x = fromArray(device, drawn([7, 5], 1), { shape: [7, 5] });
      const weight = fromArray(device, drawn([6, 5], 2), { shape: [6, 5] });
      const bias = fromArray(device, drawn([6], 3), { shape: [6], requiresGrad: true });
      const dy = drawn([7, 6], 4);
      scope(() => backward(linear(x, weight, bias), { gradient: fromArray(device, dy, { shape: [7, 6] }) }));
      expect([x.grad, weight.grad]).toEqual([null, null]);
      const want = Array.from({ length: 6 }, (_, o) => Array.from({ length: 7 }, (_, row) => dy[row * 6 + o]!).reduce((a, b) => a + b));
      const result = compare(await bias.grad!.data(), want, "gradient");
      expect(result.worst, result.message).toBeLessThanOrEqual(1);
      for (const tensor of [x, weight, bias]) tensor.dispose();
    }));

  it("takes the draws of dropout, and makes the same bits as the ops one by one", () =>
    withoutLeak(async (device) => {
      for (const held of [false, true]) {
        const made = await Promise.all(
          [true, false].map(async (fused) => {
            const generator = new Generator(8);
            const x = fromArray(device, drawn([21, 6], 1), { shape: [21, 6], requiresGrad: true });
            const weight = fromArray(device, drawn([10, 6], 2), { shape: [10, 6] });
            const r = fromArray(device, drawn([21, 10], 3), { shape: [21, 10] });
            const p = fromArray(device, [0.25], { shape: [] });
            const ending = { p: held ? p : 0.25, generator };
            const y = scope(() => {
              const y = fused
                ? linear(x, weight, null, { activation: "relu", dropout: ending, residual: r })
                : add(dropout(relu(linear(x, weight)), ending), r);
              backward(y, { gradient: fromArray(device, drawn([21, 10], 4), { shape: [21, 10] }) });
              return y.detach();
            });
            const bits = [[...(await y.data())], [...(await x.grad!.data())], generator.stateDict().offset];
            for (const tensor of [x, weight, r, p, y]) tensor.dispose();
            return bits;
          }),
        );
        expect(made[0]).toEqual(made[1]);
      }
    }));
});
