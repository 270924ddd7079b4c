/// <reference types="vite/client" />
// Anomaly mode: the first op, forward or backward, whose result is not finite.
import { beforeAll, describe, expect, it } from "vitest";
import { capture } from "../../src/capture/index.js";
import { AnomalyError, UsageError } from "../../src/errors.js";
import type { Device } from "../../src/gpu/device.js";
import { GPT } from "../../src/nn/index.js";
import { add, div, exp, fromArray, log, mean, mul, relu, sqrt, sum, sub } from "../../src/ops/index.js";
import { AdamW } from "../../src/optim/index.js";
import { detectAnomaly } from "../../src/tensor/anomaly.js";
import { backward } from "../../src/tensor/backward.js";
import { scope } from "../../src/tensor/scope.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { testDevice } from "../support/device.js";
import { drawInputs, type OpCase } from "../support/op_cases.js";
import { withoutLeak } from "../support/leak_check.js";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

const vector = (values: number[], requiresGrad = false) => fromArray(device, values, { requiresGrad });

async function anomalyOf(fn: () => unknown): Promise<AnomalyError> {
  const error = await detectAnomaly(device, () => scope(() => void fn())).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(AnomalyError);
  return error as AnomalyError;
}

function userFunction(x: Tensor): Tensor {
  return mul(exp(x), 2);
}

describe("detectAnomaly", () => {
  it("names the op that made it, not those that passed it on, and where it was called", () =>
    withoutLeak(async () => {
      const error = await anomalyOf(() => {
        const x = vector([1, 200, 3]);
        relu(sub(userFunction(x), x));
      });
      expect(error).toMatchObject({ op: "exp", phase: "forward" });
      expect(error.message).toMatch(/exp made a value that is not finite, in its result f32\[3\].*everything it was given is finite/);
      expect(error.message).toContain("userFunction");
      expect(error.message).toContain("anomaly.test");
    }));

  it("says where a value came in from outside", async () => {
    const error = await anomalyOf(() => add(vector([1, NaN]), vector([1, 2])));
    expect(error).toMatchObject({ op: "add", phase: "forward" });
    expect(error.message).toContain("it was given one: f32[2]");
  });

  it("names the op whose backward made it, with its forward call", () =>
    withoutLeak(async () => {
      const x = vector([4, 0], true);
      const error = await anomalyOf(() => backward(sum(sqrt(x))));
      expect(error).toMatchObject({ op: "sqrt", phase: "backward" });
      expect(error.message).toMatch(/the backward of sqrt made a gradient that is not finite, of its input 0/);
      expect(error.message).toContain("anomaly.test");
      x.dispose();
      x.grad?.dispose();
    }));

  it("finds one element among many, and infinities", async () => {
    const values = new Array<number>(100_003).fill(1);
    values[99_999] = 0;
    expect(await anomalyOf(() => div(vector([1]), vector(values)))).toMatchObject({ op: "div" });
    expect(await anomalyOf(() => log(vector([-1])))).toMatchObject({ op: "log" });
  });

  it("gives what the function gives where all is finite, also asynchronously, and is off afterwards", () =>
    withoutLeak(async () => {
      const y = await detectAnomaly(device, async () => {
        const x = vector([1, 2]);
        const y = mul(x, 2);
        await y.data();
        x.dispose();
        return y;
      });
      expect([...(await y.data())]).toEqual([2, 4]);
      y.dispose();
      const dispatches = device.queue.counts.dispatches;
      scope(() => void mul(vector([1]), NaN));
      await device.sync();
      expect(device.queue.counts.dispatches - dispatches).toBe(1);
    }));

  it("looks into a captured step, and changes nothing of what it computes", () =>
    withoutLeak(async () => {
      const model = new GPT(device, { layers: 2, heads: 2, width: 16, block: 8, vocab: 7, seed: 3, dropout: 0.1 });
      const optimizer = new AdamW(model.groups({ weightDecay: 0.1 }), { lr: 1e-2, clipNorm: 1 });
      const step = capture(device, ({ tokens, targets }: { tokens: Tensor; targets: Tensor }) => {
        optimizer.zeroGrad();
        const loss = model.loss(tokens, targets);
        backward(loss);
        optimizer.step();
        return loss.detach();
      });
      const tokens = Int32Array.from({ length: 16 }, (_, i) => (i * 5) % 7);
      const batch = { tokens, targets: tokens.map((token) => (token + 1) % 7), shape: [2, 8] as [number, number] };
      await step(batch).item();
      const watched = await detectAnomaly(device, async () => (await step(batch).data())[0]!);
      expect(watched).toBeGreaterThan(0);
      expect(await step(batch).item()).toBeLessThan(watched);

      const [weight] = model.parameters();
      weight!.set(new Float32Array(weight!.size).fill(1e30));
      const error = await detectAnomaly(device, () => void step(batch)).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(AnomalyError);
      expect(error).toMatchObject({ phase: "forward" });
      for (const part of [step, optimizer, model]) part.dispose();
    }));

  it("refuses to be nested, or to be recorded", async () => {
    await expect(detectAnomaly(device, () => detectAnomaly(device, () => 1))).rejects.toThrow(UsageError);
    const recorded: Promise<unknown>[] = [];
    const step = capture(device, ({ x }: { x: Tensor }) => {
      recorded.push(detectAnomaly(device, () => 1));
      return mean(x);
    });
    step({ x: Float32Array.of(1) });
    await expect(recorded[0]).rejects.toThrow("call the captured step inside detectAnomaly");
    step.dispose();
    await expect(detectAnomaly(device, null as never)).rejects.toThrow(UsageError);
  });
});

describe("detectAnomaly watches every op", () => {
  const tables = import.meta.glob<Record<string, unknown>>("../cases/*.ts", { eager: true });
  const isTable = (value: unknown): value is OpCase[] => Array.isArray(value) && typeof value[0] === "object" && "reference" in value[0];
  const cases = Object.values(tables)
    .flatMap((exports) => Object.values(exports))
    .flatMap((value): OpCase[][] => (isTable(value) ? [value] : Object.values(value as object).filter(isTable)))
    .flatMap((table) => table.filter(({ inputs }) => inputs.every(({ shape, dtype }) => dtype !== "f16" && shape.reduce((a, b) => a * b, 1) <= 300)).slice(0, 12));

  it("has cases", () => expect(cases.length).toBeGreaterThan(150));

  it("whose result is not finite", async () => {
    const missed: string[] = [];
    let found = 0;
    for (const one of cases) {
      const make = () => drawInputs(one).map(({ shape, data }, i) => fromArray(device, one.inputs[i]!.dtype ? data : data.map(() => NaN), { shape, dtype: one.inputs[i]!.dtype ?? "f32" }));
      const y = scope(() => one.run(make()));
      const isFinite = y.dtype !== "f32" || (await y.data()).every(Number.isFinite);
      y.dispose();
      const error = await detectAnomaly(device, () => scope(() => void one.run(make()))).catch((caught: unknown) => caught);
      if (error instanceof AnomalyError) found++;
      else if (!isFinite) missed.push(one.name);
    }
    expect(missed).toEqual([]);
    expect(found).toBeGreaterThan(100);
  });
});
