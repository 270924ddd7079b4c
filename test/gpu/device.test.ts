// The runtime under the tensors: launches, errors, memory, order of work.
import { describe, expect, it } from "vitest";
import accumulateShader from "../../shaders/accumulate.wgsl";
import { DisposedError, GpuError, OutOfMemoryError, ShaderError } from "../../src/errors.js";
import { launch } from "../../src/gpu/launch.js";
import { openDevice } from "../../src/node/open_device.js";
import { fromArray, softmax, zeros } from "../../src/ops/index.js";
import { keep, scope } from "../../src/tensor/scope.js";
import { empty } from "../../src/tensor/tensor.js";
import { testDevice } from "../support/device.js";

describe("launch", () => {
  it("checks buffers and Params by name before anything is queued", async () => {
    const device = await testDevice();
    const x = fromArray(device, [1, 2]);
    const y = empty(device, [2]);
    const good = { buffers: { a: x.buffer, b: x.buffer, y: y.buffer }, params: { size: 2 }, workgroups: 1 };
    const before = device.queue.counts.dispatches;
    expect(() => launch(device, accumulateShader, { ...good, buffers: { a: x.buffer, b: x.buffer } })).toThrow('accumulate.wgsl: no buffer given for binding "y"');
    expect(() => launch(device, accumulateShader, { ...good, buffers: { ...good.buffers, z: x.buffer } })).toThrow('has no binding named "z"');
    expect(() => launch(device, accumulateShader, { ...good, params: {} })).toThrow('no value given for Params field "size"');
    expect(() => launch(device, accumulateShader, { ...good, params: { ...good.params, eps: 1 } })).toThrow('Params has no field "eps" (it has size)');
    expect(() => launch(device, accumulateShader, { ...good, params: { size: 1.5 } })).toThrow('Params field "size" is u32, got 1.5');
    expect(() => launch(device, accumulateShader, { ...good, constants: { LANES: 1 } })).toThrow('has no override named "LANES"');
    expect(() => launch(device, accumulateShader, { ...good, workgroups: [70000, 1, 1] })).toThrow("bad grid");
    expect(device.queue.counts.dispatches).toBe(before);
    x.dispose();
    y.dispose();
  });
});

describe("errors of the GPU", () => {
  it("surface at the next await, once", async () => {
    const device = await testDevice();
    // Read and written in one dispatch: a validation error that only the driver sees.
    const x = fromArray(device, [1, 2]);
    launch(device, accumulateShader, { buffers: { a: x.buffer, b: x.buffer, y: x.buffer }, params: { size: 2 }, workgroups: 1 });
    await expect(device.sync()).rejects.toThrow(GpuError);
    await device.sync();
    x.dispose();
  });

  it("bad WGSL is a ShaderError that names the kernel", async () => {
    const device = await openDevice();
    const broken = { name: "broken", code: "@group(0) @binding(0) var<storage, read_write> y: array<f32>;\n@compute @workgroup_size(1) fn main() { y[0] = nonsense; }" };
    const y = empty(device, [1]);
    launch(device, broken, { buffers: { y: y.buffer }, workgroups: 1 });
    const error = await device.sync().then(() => null, (reason: unknown) => reason);
    expect(error).toBeInstanceOf(ShaderError);
    expect(String(error)).toContain("broken");
    device.close();
  });
});

describe("order of work", () => {
  it("a write does not overtake a recorded launch that reads the same memory", async () => {
    const device = await testDevice();
    const x = fromArray(device, [0, 0]);
    const before = softmax(x);
    x.set([0, 100]);
    const after = softmax(x);
    expect([...(await before.data())]).toEqual([0.5, 0.5]);
    expect((await after.data())[1]).toBeCloseTo(1, 6);
    for (const tensor of [x, before, after]) tensor.dispose();
  });

  it("memory given back and taken again keeps the earlier result apart", async () => {
    const device = await testDevice();
    const results: Promise<ArrayLike<number>>[] = [];
    for (let i = 0; i < 20; i++) {
      const y = scope(() => softmax(fromArray(device, [0, Math.log(i + 1)])));
      results.push(y.data());
      y.dispose();
    }
    for (const [i, result] of results.entries()) expect((await result)[1]).toBeCloseTo((i + 1) / (i + 2), 5);
  });
});

describe("memory", () => {
  it("counts live bytes, and reuses what was given back", async () => {
    const device = await testDevice();
    const { liveBytes, liveBuffers } = device.memory();
    const a = zeros(device, [1000]);
    expect(device.memory().liveBytes).toBe(liveBytes + 4096);
    expect(device.memory().liveBuffers).toBe(liveBuffers + 1);
    a.dispose();
    a.dispose();
    expect(device.memory().liveBytes).toBe(liveBytes);
    const created = device.pool.created;
    zeros(device, [1000]).dispose();
    expect(device.pool.created).toBe(created);
  });

  it("hands out no buffer made before an out-of-memory error", async () => {
    const device = await openDevice();
    const [held, freed] = [zeros(device, [1000]), zeros(device, [1000])];
    freed.dispose();
    // A real error of that kind cannot be forced on a software adapter: the event is the driver's.
    const event = Object.assign(new Event("uncapturederror"), { error: new GPUOutOfMemoryError("no room") });
    device.gpu.dispatchEvent(event);
    await expect(device.sync()).rejects.toThrow(/^GPU: out of memory, no room; 4096 bytes are in use, the newest buffer is tensor with 4096; use a smaller batch/);
    const { created } = device.pool;
    held.dispose();
    expect(device.memory().pooledBytes).toBe(0);
    zeros(device, [1000]).dispose();
    expect(device.pool.created).toBe(created + 1);
    device.close();
  });

  it("scope finds what it returns however deep, and round in a circle", async () => {
    const device = await testDevice();
    const baseline = device.memory().liveBytes;
    const deep = scope(() => {
      const result: { parts: unknown[]; self?: unknown } = { parts: [[[[[[[zeros(device, [64])]]]]]]] };
      result.self = result;
      return result;
    });
    expect(device.memory().liveBytes).toBe(baseline + 256);
    (deep.parts.flat(Infinity)[0] as ReturnType<typeof zeros>).dispose();
  });

  it("scope gives back what it made, except what it returns or keeps", async () => {
    const device = await testDevice();
    const baseline = device.memory().liveBytes;
    let kept!: ReturnType<typeof zeros>;
    const { y, rest } = scope(() => {
      zeros(device, [64]);
      kept = keep(zeros(device, [64]));
      const inner = scope(() => [zeros(device, [64])]);
      return { y: zeros(device, [64]), rest: inner };
    });
    expect(device.memory().liveBytes).toBe(baseline + 3 * 256);
    for (const tensor of [y, rest[0]!, kept]) tensor.dispose();
    expect(device.memory().liveBytes).toBe(baseline);
  });

  it("scope gives back everything when the function throws, and refuses a promise", async () => {
    const device = await testDevice();
    const baseline = device.memory().liveBytes;
    expect(() => scope(() => { zeros(device, [64]); throw new Error("stop"); })).toThrow("stop");
    expect(() => scope(async () => zeros(device, [64]))).toThrow("scope: the function returned a promise");
    expect(device.memory().liveBytes).toBe(baseline);
  });

  it("a tensor over the adapter's limit is an error that names it, before any allocation", async () => {
    const device = await testDevice();
    const elements = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize) / 4 + 1;
    const created = device.pool.created;
    expect(() => empty(device, [elements])).toThrow(OutOfMemoryError);
    expect(device.pool.created).toBe(created);
  });

  it("so is one that a buffer kept for reuse seems to fit: classes of buffers are wider than a limit", async () => {
    const device = await testDevice();
    const most = device.pool.maxBytes;
    empty(device, [1024 * 1024 - 8]).dispose();
    Object.assign(device.pool, { maxBytes: 4 * (1024 * 1024 - 4) });
    try {
      expect(() => empty(device, [1024 * 1024 - 2])).toThrow(OutOfMemoryError);
      empty(device, [1024 * 1024 - 4]).dispose();
    } finally {
      Object.assign(device.pool, { maxBytes: most });
    }
  });
});

describe("close", () => {
  it("later calls throw, closing twice is harmless, a pending read rejects", async () => {
    const device = await openDevice();
    const x = fromArray(device, [1]);
    const pending = x.data();
    device.close();
    device.close();
    await expect(pending).rejects.toThrow(DisposedError);
    expect(() => fromArray(device, [1])).toThrow(DisposedError);
    await expect(x.data()).rejects.toThrow(DisposedError);
  });
});
