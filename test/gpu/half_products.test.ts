// Products of f16: every kernel over every mix of operand types, and what autocast makes of the ops.
import { describe, expect, it } from "vitest";
import { capture } from "../../src/capture/index.js";
import { FeatureError, UsageError } from "../../src/errors.js";
import type { Device } from "../../src/gpu/device.js";
import { matmul as multiply, type MatmulVariant } from "../../src/kernels/matmul.js";
import * as k from "../../src/ops/index.js";
import { AdamW } from "../../src/optim/index.js";
import { autocast } from "../../src/tensor/autocast.js";
import { backward } from "../../src/tensor/backward.js";
import type { DType } from "../../src/tensor/dtype.js";
import { scope } from "../../src/tensor/scope.js";
import { noGrad } from "../../src/tensor/tape.js";
import { empty, type Tensor } from "../../src/tensor/tensor.js";
import { linearCases } from "../cases/linear.js";
import { matmulCases, matmulReference } from "../cases/matmul.js";
import { testDevice } from "../support/device.js";
import { hasHalf, itInHalf } from "../support/half.js";
import { withoutLeak } from "../support/leak_check.js";
import { nd, roundToHalf, testRandom, type Nd } from "../support/nd.js";
import { inHalf, testCases, type OpCase } from "../support/op_cases.js";
import { compare } from "../support/tolerances.js";

const small = (cases: readonly OpCase[]) => cases.filter(({ inputs }) => inputs.every(({ shape }) => shape.reduce((a, b) => a * b, 1) <= 20_000));

testCases("matmul", inHalf(small(matmulCases)));
testCases("linear", inHalf(small(linearCases)));

/** The same numbers in f32, computed inside autocast: products that are rounded to f16 twice, gradients in f32. */
function inAutocast(cases: readonly OpCase[]): OpCase[] {
  return cases.map((one) => ({ ...one, name: `${one.name} inside autocast`, run: (inputs) => autocast({ dtype: "f16" }, () => one.run(inputs)), tolerance: "autocast", gradientTolerance: "autocast", halfOutput: true }));
}
testCases("matmul", inAutocast(small(matmulCases)));
testCases("linear", inAutocast(small(linearCases)));

const draw = (seed: number, shape: number[]): Nd => {
  const random = testRandom(seed);
  return nd(shape, () => roundToHalf(random.normal()));
};
const upload = (device: Device, x: Nd, dtype: DType = "f32") => k.fromArray(device, x.data, { shape: x.shape, dtype });

describe("matmul kernels", () => {
  const variants: MatmulVariant[] = ["naive", "register", "register_small", "subgroup", "subgroup_any", "dot", "tiled_large", "tiled", "tiled_small"];
  const types: [DType, DType, DType][] = [["f16", "f16", "f16"], ["f16", "f16", "f32"], ["f32", "f16", "f16"], ["f16", "f32", "f32"], ["f32", "f32", "f16"]];
  const sizes = [{ m: 5, n: 7, k: 9 }, { m: 33, n: 36, k: 20 }, { m: 17, n: 66, k: 12 }];
  for (const variant of variants) {
    for (const [a, b, y] of types) {
      itInHalf(`${variant}: ${a} times ${b} gives ${y}`, async (device) => {
        for (const { m, n, k: terms } of sizes) {
          for (const transposeB of [false, true]) {
            if (variant === "dot" && !(transposeB && terms % 4 === 0)) continue;
            const [left, right, bias] = [draw(1, [m, terms]), draw(2, transposeB ? [n, terms] : [terms, n]), draw(3, [n])];
            const output = scope(() => {
              const output = empty(device, [m, n], y);
              const buffers = { a: upload(device, left, a).buffer, b: upload(device, right, b).buffer, y: output.buffer };
              multiply(device, buffers, { m, n, k: terms, transposeB }, { bias: upload(device, bias).buffer }, variant);
              return output;
            });
            const want = matmulReference(left, right, { transposeB }, bias).data;
            const result = compare(await output.data(), y === "f16" ? want.map(roundToHalf) : want, y === "f16" ? "half" : "matmul");
            expect(result.worst, `${m}x${n}x${terms}: ${result.message}`).toBeLessThanOrEqual(1);
            output.dispose();
          }
        }
      });
    }
  }

  itInHalf("add up in f32: 4096 terms whose sum is beyond what f16 could count", async (device) => {
    using a = k.ones(device, [1, 5000], { dtype: "f16" });
    using b = k.ones(device, [5000, 8], { dtype: "f16" });
    expect([...(await k.matmul(a, b).data())]).toEqual(Array(8).fill(5000));
  });
});

interface Layer {
  weight: Tensor;
  bias: Tensor;
  optimizer: AdamW;
}

function layer(device: Device): Layer {
  const weight = upload(device, draw(5, [24, 16])).setRequiresGrad();
  const bias = upload(device, draw(6, [24])).setRequiresGrad();
  return { weight, bias, optimizer: new AdamW([weight, bias], { lr: 0.1 }) };
}

const half = <T>(fn: () => T): T => autocast({ dtype: "f16" }, fn);
const dispatches = (device: Device, fn: () => void): number => {
  const before = device.queue.counts.dispatches;
  scope(fn);
  return device.queue.counts.dispatches - before;
};

describe("autocast", () => {
  itInHalf("gives products in f16, and what sums in f32", (device) => {
    scope(() => {
      const x = upload(device, draw(1, [4, 16]));
      const w = upload(device, draw(2, [8, 16]));
      expect(half(() => k.linear(x, w)).dtype).toBe("f16");
      expect(half(() => k.linear(x, w, null, { residual: k.zeros(device, [4, 8]) })).dtype).toBe("f32");
      expect(half(() => k.linear(x, w, null, { residual: k.zeros(device, [4, 8], { dtype: "f16" }) })).dtype).toBe("f16");
      expect(half(() => k.feedForward(x, w, null, k.ones(device, [16, 8]), null)).dtype).toBe("f16");
      expect(half(() => k.matmul(x, w, { transposeB: true })).dtype).toBe("f16");
      expect(half(() => k.sum(k.matmul(x, w, { transposeB: true }))).dtype).toBe("f32");
      expect(half(() => k.add(x, 1)).dtype).toBe("f32");
      expect(half(() => autocast({ dtype: "f16", enabled: false }, () => k.linear(x, w))).dtype).toBe("f32");
      expect(k.linear(x, w).dtype).toBe("f32");
    });
  });

  itInHalf("leaves gradients in the types of their tensors, those of weights without a detour through f16", async (device) => {
    const random = testRandom(9);
    using x = k.fromArray(device, Float64Array.from({ length: 64 }, random.normal), { shape: [4, 16], dtype: "f16", requiresGrad: true });
    using w = k.fromArray(device, Float64Array.from({ length: 128 }, random.normal), { shape: [8, 16], requiresGrad: true });
    // So small that f16 holds only a bit or two of each.
    using dy = k.fromArray(device, Array(32).fill(2 ** -20), { shape: [4, 8], dtype: "f16" });
    scope(() => backward(half(() => k.linear(x, w)), { gradient: dy }));
    expect([x.grad!.dtype, w.grad!.dtype]).toEqual(["f16", "f32"]);
    const values = await x.data();
    const want = Array.from({ length: 128 }, (_, i) => [0, 1, 2, 3].reduce((sum, row) => sum + values[row * 16 + (i % 16)]! * 2 ** -20, 0));
    const result = compare(await w.grad!.data(), want, "gradient");
    expect(result.worst, result.message).toBeLessThanOrEqual(1);
  });

  itInHalf("converts the weights of an optimizer once a step, all in one launch", (device) =>
    withoutLeak(() => {
      const first = layer(device);
      const x = upload(device, draw(1, [4, 16]), "f16");
      const forward = () => half(() => noGrad(() => void k.linear(x, first.weight, first.bias)));
      const twice = () => (forward(), forward());
      const cold = dispatches(device, twice);
      const warm = dispatches(device, twice);
      // Converted once, and transposed once where the adapter wants that.
      expect(cold - warm).toBeGreaterThanOrEqual(1);
      expect(cold - warm).toBeLessThanOrEqual(2);
      scope(() => {
        backward(k.sum(half(() => k.linear(x, first.weight, first.bias))));
        first.optimizer.step();
      });
      expect(dispatches(device, twice)).toBe(cold);
      expect(dispatches(device, twice)).toBe(warm);
      first.optimizer.dispose();
      for (const tensor of [x, first.weight, first.bias]) tensor.dispose();
    }),
  );

  itInHalf("trains on the new weights after each step, captured as eager", async (device) => {
    const run = async (wrap: (step: () => void) => () => void) => {
      const { weight, bias, optimizer } = layer(device);
      const x = upload(device, draw(1, [4, 16]));
      const target = upload(device, draw(8, [4, 24]));
      const step = wrap(() => {
        optimizer.zeroGrad();
        backward(half(() => k.mseLoss(k.linear(x, weight, bias, { activation: "gelu" }), target)));
        optimizer.step();
      });
      for (let i = 0; i < 5; i++) step();
      const bits = [...new Uint32Array((await weight.data()).buffer)];
      const loss = await scope(() => half(() => k.mseLoss(k.linear(x, weight, bias, { activation: "gelu" }), target))).item();
      optimizer.dispose();
      for (const tensor of [x, target, weight, bias]) tensor.dispose();
      return { bits, loss };
    };
    const eager = await run((step) => () => scope(step));
    const recorded: { dispose(): void }[] = [];
    const replayed = await run((step) => {
      const captured = capture(device, () => step());
      recorded.push(captured);
      return () => captured();
    });
    expect(replayed).toEqual(eager);
    expect(eager.loss).toBeLessThan(1);
    recorded[0]!.dispose();
  });

  itInHalf("makes a captured step record itself again when it is called inside another one", async (device) => {
    using x = upload(device, draw(1, [4, 16]));
    using w = upload(device, draw(2, [8, 16]));
    const step = capture(device, () => k.linear(x, w));
    const types = [step(), half(() => step()), step(), half(() => step())].map((y) => {
      y.dispose();
      return y.dtype;
    });
    expect(types).toEqual(["f32", "f16", "f32", "f16"]);
    step.dispose();
  });

  it("names the missing feature where the adapter has no f16", async () => {
    const device = await testDevice();
    using x = k.ones(device, [2, 4]);
    using w = k.ones(device, [3, 4]);
    if (hasHalf(device)) return expect(() => scope(() => void half(() => k.linear(x, w)))).not.toThrow();
    for (const [op, run] of [["linear", () => k.linear(x, w)], ["matmul", () => k.matmul(x, w, { transposeB: true })]] as const) {
      expect(() => half(run)).toThrow(FeatureError);
      expect(() => half(run)).toThrow(`${op}: f16 needs the WebGPU feature "shader-f16"`);
    }
    // The mode is left behind, whatever was thrown.
    expect(k.linear(x, w).dtype).toBe("f32");
  });

  it("refuses what makes no sense", async () => {
    expect(() => autocast({ dtype: "f32" as "f16" }, () => 1)).toThrow('autocast: dtype must be "f16", got "f32"');
    expect(() => autocast({ dtype: "f16", enable: true } as never, () => 1)).toThrow('autocast: unknown option "enable"');
    expect(() => autocast({ dtype: "f16", enabled: 1 as never }, () => 1)).toThrow("autocast: enabled must be true or false, got 1");
    expect(() => autocast({ dtype: "f16" }, async () => 1)).toThrow(UsageError);
  });
});
