import { describe, expect, it } from "vitest";
import { launch } from "../../src/gpu/launch.js";
import { fromArray, full } from "../../src/ops/creation.js";
import { dropout } from "../../src/ops/dropout.js";
import { Generator, pcg4d } from "../../src/tensor/random.js";
import { backward } from "../../src/tensor/backward.js";
import { empty } from "../../src/tensor/tensor.js";
import { dropoutCases, hostKeeps } from "../cases/dropout.js";
import { testDevice } from "../support/device.js";
import { testCases } from "../support/op_cases.js";
import randomWordsShader from "../support/random_words.wgsl";

testCases("dropout", dropoutCases);

const million = 1_000_000;

/** 1 where a dropout of `size` ones keeps. */
async function keepsOf(p: number, generator: Generator, size = million): Promise<Uint8Array> {
  const device = await testDevice();
  using x = full(device, [size], 1);
  using y = dropout(x, { p, generator });
  return Uint8Array.from(await y.data(), (value) => (value === 0 ? 0 : 1));
}

/** Correlation of two masks, in standard deviations of the estimate: about normal(0, 1) for independent masks. */
function correlation(a: Uint8Array, b: Uint8Array, keep: number): number {
  const length = Math.min(a.length, b.length);
  let sum = 0;
  for (let i = 0; i < length; i++) sum += (a[i]! - keep) * (b[i]! - keep);
  return sum / (keep * (1 - keep)) / Math.sqrt(length);
}

describe("words", () => {
  it.each([
    { stream: 0, draw: 0, seed: 0 },
    { stream: 0x64726f70, draw: 1, seed: 42 },
    { stream: 0xffffffff, draw: 0xfffffffe, seed: 0x80000001 },
  ])("are the same bits on the host: %j", async (key) => {
    const device = await testDevice();
    using words = empty(device, [4096], "u32");
    launch(device, randomWordsShader, { buffers: { words: words.buffer }, params: key, workgroups: 16 });
    const want = Array.from({ length: 1024 }, (_, i) => pcg4d(i, key.stream, key.draw, key.seed)).flat();
    expect([...(await words.data())]).toEqual(want);
  });
});

describe("masks of a million elements", () => {
  it.each([0.1, 0.5, 0.9])("drop a share of p = %f, within 4 standard deviations", async (p) => {
    const kept = (await keepsOf(p, new Generator(1))).reduce((sum, keep) => sum + keep, 0);
    expect(Math.abs(kept - million * (1 - p)) / Math.sqrt(million * p * (1 - p))).toBeLessThan(4);
  });

  it.each([0.1, 0.5])("are those that the host's words give, p = %f", async (p) => {
    const generator = new Generator(9);
    for (const offset of [0, 1]) {
      const keeps = await keepsOf(p, generator);
      const want = Uint8Array.from({ length: million }, (_, i) => (hostKeeps(i, p, { seed: 9, offset }) ? 1 : 0));
      expect(Buffer.compare(keeps, want)).toBe(0);
    }
  });

  it("are uncorrelated from draw to draw, from seed to seed, and with their own shifts", async () => {
    const p = 0.1;
    const generator = new Generator(1000);
    const first = await keepsOf(p, generator);
    const others = [await keepsOf(p, generator), await keepsOf(p, generator)];
    for (const seed of [999, 1001, 1002, 1016, 2024]) others.push(await keepsOf(p, new Generator(seed)));
    for (const other of others) expect(Math.abs(correlation(first, other, 1 - p))).toBeLessThan(5);
    // hash(index + seed) gives shifted copies of one mask to nearby seeds and draws.
    for (const shift of [1, 2, 3, 4, 5, 8, 16, 64, 128, 1024, 4096]) {
      for (const other of [first, ...others]) {
        expect(Math.abs(correlation(first.subarray(shift), other, 1 - p)), `shift ${shift}`).toBeLessThan(5);
        expect(Math.abs(correlation(first, other.subarray(shift), 1 - p)), `shift -${shift}`).toBeLessThan(5);
      }
    }
  });
});

describe("a mask", () => {
  const device = testDevice;

  it("repeats with its seed and offset, and changes with the draw", async () => {
    const [a, b] = [new Generator(5), new Generator(5)];
    const [first, second] = [await keepsOf(0.5, a, 4096), await keepsOf(0.5, a, 4096)];
    expect(await keepsOf(0.5, b, 4096)).toEqual(first);
    expect(second).not.toEqual(first);
    const resumed = new Generator();
    resumed.loadStateDict({ seed: 5, offset: 1 });
    expect(await keepsOf(0.5, resumed, 4096)).toEqual(second);
  });

  it("is the same in backward: dx is 0 exactly where y is", async () => {
    using x = full(await device(), [10_007], 1, { requiresGrad: true });
    using y = dropout(x, { p: 0.3, generator: new Generator(6) });
    using dy = full(await device(), [10_007], 1);
    backward(y, { gradient: dy });
    const forward = await y.data();
    expect([...(await x.grad!.data())]).toEqual([...forward]);
    expect(forward.filter((value) => value === 0).length).toBeGreaterThan(2000);
  });

  it("hides NaN and infinity exactly, and scales what it keeps", async () => {
    const values = Array.from({ length: 400 }, (_, i) => [NaN, Infinity, -Infinity, 3][i % 4]!);
    using x = fromArray(await device(), values);
    using y = dropout(x, { p: 0.5, generator: new Generator(8) });
    const want = values.map((value, i) => (hostKeeps(i, 0.5, { seed: 8, offset: 0 }) ? 2 * value : 0));
    expect([...(await y.data())]).toEqual(want);
  });
});

describe("dropout without chance", () => {
  // The number 0 draws as the tensor 0 must: masks after it do not depend on which of them it was.
  it.each([
    { p: 0, draws: 1 },
    { p: 0.7, training: false, draws: 0 },
  ])("$p, training $training: shares x, launches nothing, takes $draws draws", async ({ draws, ...options }) => {
    const device = await testDevice();
    const generator = new Generator(3);
    using x = fromArray(device, [1, -2, 3], { requiresGrad: true });
    const before = device.queue.counts.dispatches;
    using y = dropout(x, { ...options, generator });
    expect(device.queue.counts.dispatches).toBe(before);
    expect(y.memory).toBe(x.memory);
    expect(generator.stateDict().offset).toBe(draws);
    using dy = fromArray(device, [4, 5, 6]);
    backward(y, { gradient: dy });
    expect([...(await y.data())]).toEqual([1, -2, 3]);
    expect([...(await x.grad!.data())]).toEqual([4, 5, 6]);
  });

  it("p = 1 is exactly 0, forward and backward", async () => {
    const device = await testDevice();
    using x = fromArray(device, [1, NaN, Infinity, -3, 5], { requiresGrad: true });
    using y = dropout(x, { p: 1, generator: new Generator(3) });
    using dy = fromArray(device, [1, 2, 3, NaN, 5]);
    backward(y, { gradient: dy });
    expect([...(await y.data())]).toEqual([0, 0, 0, 0, 0]);
    expect([...(await x.grad!.data())]).toEqual([0, 0, 0, 0, 0]);
  });
});

describe("dropout refuses", () => {
  it("bad values before it launches or draws", async () => {
    const device = await testDevice();
    const generator = new Generator(3);
    using x = fromArray(device, [1, 2]);
    using i = fromArray(device, [1, 2], { dtype: "i32" });
    const before = device.queue.counts.dispatches;
    expect(() => dropout(x, { p: 1.5, generator })).toThrow("dropout: p must be a finite number >= 0 and <= 1, got 1.5");
    expect(() => dropout(x, { p: NaN, generator })).toThrow("dropout: p must be a finite number >= 0 and <= 1, got NaN");
    expect(() => dropout(x, { p: 0.5 } as never)).toThrow("dropout: generator must be a Generator, got undefined; make one with new Generator(seed)");
    expect(() => dropout(x, { p: 0.5, generator, rate: 1 } as never)).toThrow('dropout: unknown option "rate"');
    expect(() => dropout(i, { p: 0.5, generator })).toThrow("dropout: x must be f32 or f16, got i32");
    expect(device.queue.counts.dispatches).toBe(before);
    expect(generator.stateDict().offset).toBe(0);
  });
});
