// The profiler on a device: what it counts, and that it changes nothing.
import { describe, expect, it } from "vitest";
import { capture } from "../../src/capture/index.js";
import { FeatureError, UsageError } from "../../src/errors.js";
import { GPT } from "../../src/nn/index.js";
import { SGD } from "../../src/optim/index.js";
import { add, conv2d, embedding, expand, fromArray, indexSelect, mul, slice, sum, zeros } from "../../src/ops/index.js";
import { openDevice } from "../../src/node.js";
import { estimateMemory, profile } from "../../src/profile/index.js";
import { backward } from "../../src/tensor/backward.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { testDevice } from "../support/device.js";

describe("profile", () => {
  it("times every kernel of a step, eager and captured, and changes nothing", async () => {
    const device = await testDevice();
    const counter = fromArray(device, [0]);
    const x = fromArray(device, new Float32Array(1 << 18).fill(2));
    const step = () => {
      const y = mul(x, x);
      return add(mul(y, x), y);
    };
    const captured = capture(device, ({ by }: { by: Tensor }) => add(counter, by));
    const before = device.memory().liveBytes;
    const eager = await profile(device, step, { runs: 3, warmup: 1 });
    expect(device.memory().liveBytes).toBe(before);
    expect(eager.kernels.reduce((sum, { calls }) => sum + calls, 0)).toBe(3);
    expect(eager.dispatches).toHaveLength(3);
    const [largest] = eager.kernels;
    expect(largest!.kernel).toMatch(/^map_binary/);
    // Three operands each, once: nobody told the profiler.
    expect(eager.kernels.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(3 * 3 * 4 * (1 << 18));
    expect(eager.kernels_ms).toBeGreaterThan(0);
    expect(eager.step_ms).toBeGreaterThan(eager.host_ms);
    expect(eager.peaks.bytesPerSecond).toBeGreaterThan(1e8);
    expect(eager.peaks.flopsPerSecond).toBeGreaterThan(1e8);
    expect(eager.adapter).toBe(device.adapter.name);
    const replayed = await profile(device, () => captured({ by: 1 }), { runs: 2 });
    expect(replayed.kernels.map(({ calls }) => calls)).toEqual([1]);
    expect(replayed.dispatches.map(({ grid }) => grid)).toEqual([[1, 1, 1]]);
    expect(await captured({ by: 5 }).item()).toBe(5);
    captured.dispose();
    for (const tensor of [x, counter]) tensor.dispose();
  });

  it("counts what must move, not what is bound, and the arithmetic of products", async () => {
    const device = await testDevice();
    const sizesOf = async (step: () => unknown, kernel: RegExp) => {
      const { kernels } = await profile(device, step, { runs: 1, warmup: 1 });
      const found = kernels.filter((one) => kernel.test(one.kernel));
      return [found.reduce((sum, { bytes }) => sum + bytes, 0), found.reduce((sum, { flops }) => sum + flops, 0)];
    };
    const large = zeros(device, [1000, 64]);
    const rows = fromArray(device, [3, 999, 3], { dtype: "i32" });
    expect(await sizesOf(() => slice(large, 0, 10, 12), /^strided_copy/)).toEqual([2 * 2 * 64 * 4, 0]);
    expect(await sizesOf(() => expand(zeros(device, [64, 1]), [64, 64]), /^strided_copy/)).toEqual([64 * 4 + 64 * 64 * 4, 0]);
    expect(await sizesOf(() => indexSelect(large, 0, rows), /^gather_forward/)).toEqual([2 * 3 * 64 * 4 + 3 * 4, 0]);
    expect(await sizesOf(() => embedding(large, rows), /^embedding_forward/)).toEqual([2 * 3 * 64 * 4 + 3 * 4, 0]);
    const [image, weight] = [zeros(device, [2, 3, 9, 9]), zeros(device, [5, 3, 3, 3])];
    const flops = 2 * (2 * 5 * 7 * 7) * (3 * 3 * 3);
    expect(await sizesOf(() => conv2d(image, weight, null), /^conv2d_forward/)).toEqual([4 * (image.size + weight.size + 2 * 5 * 7 * 7), flops]);
    for (const tensor of [image, weight]) tensor.setRequiresGrad();
    const gradients = () => {
      backward(sum(conv2d(image, weight, null)));
      for (const tensor of [image, weight]) tensor.dropGrad();
    };
    expect((await sizesOf(gradients, /^conv2d_backward/))[1]).toBe(2 * flops);
    for (const tensor of [large, rows, image, weight]) tensor.dispose();
  });

  it("knows no kernel of a training step that is faster than the memory", async () => {
    const device = await testDevice();
    const model = new GPT(device, { layers: 1, heads: 2, width: 32, block: 16, vocab: 4000, seed: 1 });
    const optimizer = new SGD(model.parameters(), { lr: 0.1 });
    const step = capture(device, ({ tokens }: { tokens: Tensor }) => {
      optimizer.zeroGrad();
      backward(model.loss(tokens, tokens));
      optimizer.step();
    });
    const { kernels } = await profile(device, () => step({ tokens: new Int32Array(64), shape: [4, 16] }), { runs: 1, warmup: 1 });
    // Neither the tables nor the arena of gradients is what these move.
    for (const name of ["partial_sums", "embedding_forward"]) {
      const kernel = kernels.find((one) => one.kernel.startsWith(name));
      expect(kernel!.bytes, name).toBeLessThan(4000 * 32);
    }
    for (const part of [step, optimizer, model]) part.dispose();
  });

  it("refuses bad options, and an adapter without timestamps", async () => {
    const device = await testDevice();
    await expect(profile(device, () => {}, { runs: 0 })).rejects.toThrow(UsageError);
    await expect(profile(device, null as unknown as () => void)).rejects.toThrow("profile: needs a device and a function, got object and object");
    await expect(profile(device, () => {})).rejects.toThrow("profile: the function launched nothing");
    await expect(profile(device, async () => {})).rejects.toThrow("profile: the function returned a promise");
    // Its own error is not an unhandled rejection.
    await expect(profile(device, () => Promise.reject(new Error("mine")))).rejects.toThrow("profile: the function returned a promise");
    let inside: Promise<unknown> | null = null;
    const captured = capture(device, () => {
      inside = profile(device, () => {});
      return zeros(device, [1]);
    });
    captured();
    await expect(inside).rejects.toThrow(/capture: profile\(\) is called inside the captured function/);
    captured.dispose();
    estimateMemory(device, (dry) => {
      zeros(dry, [1]);
      inside = profile(dry, () => {});
    });
    await expect(inside).rejects.toThrow("profile: nothing runs on a dry device");
    const without = Object.create(device, { features: { value: new Set(["subgroups"]) } }) as typeof device;
    await expect(profile(without, () => {})).rejects.toThrow(FeatureError);
    await expect(profile(without, () => {})).rejects.toThrow(/"timestamp-query"/);
  });

  it("knows its clock, however few and short the kernels are", async () => {
    const x = [1, 2];
    for (const disabledToggles of [[], ["timestamp_quantization"]]) {
      const device = await openDevice({ disabledToggles });
      const tensor = fromArray(device, x);
      const { quantum_ns, kernels } = await profile(device, () => mul(tensor, 2), { runs: 1, warmup: 1 });
      if (disabledToggles.length === 0) {
        expect(quantum_ns).toBe(65536);
        expect(kernels[0]!.ms_error).toBeCloseTo(0.065536 / Math.sqrt(6));
      } else {
        expect(quantum_ns).toBeLessThan(100);
        expect(kernels[0]!.ms_error).toBeLessThan(1e-4);
      }
      device.close();
    }
  });

  it("stops watching when the step throws", async () => {
    const device = await testDevice();
    let calls = 0;
    const step = () => {
      const y = zeros(device, [4]);
      if (++calls === 3) throw new Error("mine");
      return mul(y, 2);
    };
    const before = device.memory().liveBytes;
    await expect(profile(device, step, { warmup: 1 })).rejects.toThrow("mine");
    expect(device.queue.observer).toBeNull();
    expect(device.memory().liveBytes).toBe(before);
    await device.sync();
  });
});
