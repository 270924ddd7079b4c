// The estimate against the account of the real device, for the same program.
import { describe, expect, it } from "vitest";
import { capture } from "../../src/capture/index.js";
import { UsageError } from "../../src/errors.js";
import type { Device } from "../../src/gpu/device.js";
import { GPT, type GPTOptions } from "../../src/nn/index.js";
import { fromArray, zeros } from "../../src/ops/index.js";
import { AdamW } from "../../src/optim/index.js";
import { estimateMemory } from "../../src/profile/index.js";
import { backward } from "../../src/tensor/backward.js";
import { scope } from "../../src/tensor/scope.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { testDevice } from "../support/device.js";

const sizes = { layers: 2, heads: 2, width: 32, block: 16, vocab: 20 };

/** Model, optimizer and one captured step; what it left is to be disposed. */
function program(device: Device, options: Partial<GPTOptions>, batch: number, emaDecay?: number): () => void {
  const model = new GPT(device, { ...sizes, seed: 1, ...options });
  const optimizer = new AdamW(model.groups({ weightDecay: 0.1 }), { lr: 1e-3, clipNorm: 1, ...(emaDecay !== undefined && { emaDecay }) });
  const step = capture(device, ({ tokens, targets }: { tokens: Tensor; targets: Tensor }) => {
    optimizer.zeroGrad();
    const loss = model.loss(tokens, targets);
    backward(loss);
    optimizer.step();
    return loss;
  });
  const tokens = new Int32Array(batch * model.config.block);
  step({ tokens, targets: tokens, shape: [batch, model.config.block] });
  return () => [step, optimizer, model].forEach((part) => part.dispose());
}

describe("estimateMemory", () => {
  it.each([
    ["as it is", {}, 4, undefined],
    ["a large batch, averaged weights", { dropout: 0.1 }, 32, 0.9],
    ["deep, checkpointed", { layers: 5, activationCheckpointing: true, tied: false }, 8, undefined],
  ] as const)("is the real device's own account: %s", async (_, options, batch, emaDecay) => {
    const device = await testDevice();
    const before = device.memory();
    const estimate = estimateMemory(device, (dry) => program(dry, options, batch, emaDecay));
    expect(device.memory()).toEqual(before);
    device.pool.trim();
    const start = device.memory().liveBytes;
    const dispose = program(device, options, batch, emaDecay);
    const { liveBytes, pooledBytes } = device.memory();
    // What the real run found in the pool is not all its own: at most the few parameters' first homes.
    expect(Math.abs(liveBytes - start + pooledBytes - estimate.bytes)).toBeLessThanOrEqual(0.02 * estimate.bytes);
    expect(estimate.parts.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(estimate.bytes);
    expect(estimate.breaks).toBeNull();
    dispose();
    await device.sync();
  });

  it("names the limit that breaks, and the tensor", async () => {
    const device = await testDevice();
    const large = Math.floor(device.limits.maxStorageBufferBindingSize / 4 / 1024) + 8;
    const estimate = estimateMemory(device, (dry) => zeros(dry, [1024, large]));
    expect(estimate.largest.label).toBe(`tensor f32[1024, ${large}]`);
    expect(estimate.breaks).toEqual({ limit: "maxStorageBufferBindingSize", bytes: device.limits.maxStorageBufferBindingSize });
    expect(estimate.bytes).toBeGreaterThan(device.limits.maxStorageBufferBindingSize);
  });

  it("takes a tensor that just fits for what it is, on adapters whose limit is no size of a buffer class", async () => {
    const device = await testDevice();
    const limit = 2 ** 27 - 4;
    const { maxBufferSize, minUniformBufferOffsetAlignment } = device.limits;
    const limits = { maxStorageBufferBindingSize: limit, maxBufferSize, minUniformBufferOffsetAlignment };
    const gpu = Object.create(device.gpu, { features: { value: device.features }, limits: { value: limits } });
    const odd = Object.create(device, { gpu: { value: gpu }, limits: { value: limits } }) as Device;
    const estimateOf = (floats: number) => estimateMemory(odd, (dry) => [zeros(dry, [floats - 1]), scope(() => zeros(dry, [floats]))]);
    expect(estimateOf(limit / 4)).toMatchObject({ breaks: null, largest: { bytes: limit } });
    expect(estimateOf(limit / 4 + 1)).toMatchObject({ breaks: { limit: "maxStorageBufferBindingSize", bytes: limit }, largest: { bytes: limit + 4 } });
  });

  it("says what is wrong with the program, and lets its errors through", async () => {
    const device = await testDevice();
    const before = device.memory();
    expect(() => estimateMemory(device, async (dry) => zeros(dry, [4]))).toThrow("estimateMemory: the function returned a promise");
    // Its own error is not an unhandled rejection.
    expect(() => estimateMemory(device, () => Promise.reject(new Error("mine")))).toThrow(UsageError);
    expect(() => estimateMemory(device, () => 4)).toThrow("estimateMemory: the function allocated nothing on the device that it was given");
    expect(() => estimateMemory(device, 4 as unknown as () => void)).toThrow("estimateMemory: needs a device and a function, got object and number");
    const fail = (dry: Device) => {
      zeros(dry, [4]);
      throw new Error("mine");
    };
    expect(() => estimateMemory(device, fail)).toThrow("mine");
    expect(device.memory()).toEqual(before);
  });

  it("takes no time for models of any size, and refuses reads", async () => {
    const device = await testDevice();
    const started = performance.now();
    const estimate = estimateMemory(device, (dry) => new GPT(dry, { layers: 48, heads: 16, width: 1600, block: 1024, vocab: 50257 }));
    expect(estimate.bytes).toBeGreaterThan(1.5e9 * 4);
    expect(performance.now() - started).toBeLessThan(2000);
    let read: Promise<unknown> | null = null;
    estimateMemory(device, (dry) => {
      read = fromArray(dry, [1]).item();
    });
    await expect(read).rejects.toThrow("dry device");
  });
});
