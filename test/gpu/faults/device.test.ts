// Rows of the fault table about the device: loss, memory, limits, errors that the GPU reports late.
import { expect } from "vitest";
import { DeviceLostError, DisposedError, FeatureError, GpuError, KilnError, OutOfMemoryError, ShaderError, ShapeError, UsageError } from "../../../src/errors.js";
import { Device, deviceFrom } from "../../../src/gpu/device.js";
import { launch } from "../../../src/gpu/launch.js";
import { findAdapter, openDevice } from "../../../src/node/open_device.js";
import { exp, fromArray, layerNorm, mul, sum, zeros } from "../../../src/ops/index.js";
import { scope } from "../../../src/tensor/scope.js";
import { testDevice } from "../../support/device.js";
import { fault } from "../../support/fault.js";

fault(3, "Node", "a device closed by the user: pending reads reject, later calls throw at once, nothing comes back by itself", async (count) => {
  const device = await openDevice();
  const x = fromArray(device, [1, 2, 3]);
  const pending = mul(x, 2).data();
  device.close();
  await expect(pending).rejects.toThrow(DisposedError);
  expect(() => mul(x, 2)).toThrow(DisposedError);
  await expect(x.data()).rejects.toThrow(DisposedError);
  await expect(device.sync()).rejects.toThrow(DisposedError);
  device.close();
  count(1, "devices lost");
});

fault(3, "Dawn", "a device destroyed behind Kiln's back is a DeviceLostError for every pending and later call", async (count) => {
  const device = await openDevice();
  const x = fromArray(device, [1, 2, 3]);
  const pending = mul(x, 2).data();
  device.gpu.destroy();
  await expect(pending).rejects.toThrow(DeviceLostError);
  expect(() => mul(x, 2)).toThrow(/lost \(destroyed\)/);
  await expect(device.sync()).rejects.toThrow(DeviceLostError);
  device.close();
  count(1, "devices lost");
});

fault(7, "Node", "out of memory is a typed error at the next await, what was there stays right, and freeing lets it go on", async (count) => {
  const { adapter } = await findAdapter();
  const device = await deviceFrom(adapter);
  const kept = fromArray(device, [1, 2, 3]);
  const create = device.gpu.createBuffer.bind(device.gpu);
  let left = 2;
  device.gpu.createBuffer = (descriptor) => {
    if (left-- > 0) return create(descriptor);
    const event = new Event("uncapturederror") as Event & { error: unknown };
    class GPUOutOfMemoryError {
      message = `buffer of ${descriptor.size} bytes`;
    }
    event.error = new GPUOutOfMemoryError();
    device.gpu.dispatchEvent(event);
    return create({ ...descriptor, size: 16 });
  };
  const big = [1, 2, 3].map(() => zeros(device, [1 << 18]));
  await expect(kept.data()).rejects.toThrow(OutOfMemoryError);
  left = Infinity;
  for (const tensor of big) tensor.dispose();
  expect([...(await kept.data())], "what was there").toEqual([1, 2, 3]);
  const again = scope(() => sum(zeros(device, [1 << 18])));
  expect(await again.item(), "memory of the failed allocation is not handed out again").toBe(0);
  count(1, "allocations refused");
  device.close();
});

fault(7, "Dawn", "an adapter with 512 MiB: the tensor too many is an error with the bytes in use, and freeing makes room again", async (count) => {
  const { create } = (await import("webgpu")) as unknown as { create(flags: string[]): GPU };
  // Kept: Dawn aborts where it is collected first.
  const gpu = ((globalThis as { nullBackend?: GPU }).nullBackend = create(["backend=null"]));
  const device = await deviceFrom((await gpu.requestAdapter())!);
  const block_bytes = 64 * 2 ** 20;
  const fill = async () => {
    const blocks = [];
    for (let error: unknown = null; error === null && blocks.length < 20; ) {
      blocks.push(device.acquire(block_bytes, "block"));
      error = await device.sync().then(() => null, (caught: unknown) => caught);
      if (error === null) continue;
      expect(error).toBeInstanceOf(OutOfMemoryError);
      // The error comes while the buffer is being made, or later.
      const inUse = [blocks.length - 1, blocks.length].map((count) => count * block_bytes).join("|");
      expect((error as Error).message).toMatch(new RegExp(`; (${inUse}) bytes are in use, the newest buffer is block with ${block_bytes};`));
    }
    return blocks;
  };
  for (let round = 0; round < 3; round++) {
    const blocks = await fill();
    expect(blocks.length, `512 MiB hold no more than 8 blocks, and all of them in round ${round + 1}`).toBeGreaterThanOrEqual(7);
    expect(blocks.length).toBeLessThanOrEqual(9);
    for (const block of blocks) block.release();
    await device.sync();
    expect(device.memory().liveBytes).toBe(0);
    count(1, "allocations refused");
  }
  device.close();
});

fault(8, "Node", "a tensor over the adapter's limit is an error that names limit and bytes, before any GPU call", async () => {
  const { adapter } = await findAdapter();
  const device = new Device(await adapter.requestDevice(), adapter, { maxTensorBytes: 4096 });
  const { created } = device.pool;
  expect(() => zeros(device, [1025])).toThrow(OutOfMemoryError);
  expect(() => zeros(device, [1025])).toThrow(/4100 bytes.*4096/);
  expect(() => scope(() => mul(zeros(device, [1024, 1]), zeros(device, [1, 2])))).toThrow(/4096/);
  expect(device.pool.created - created, "buffers made on the way").toBeLessThanOrEqual(2);
  expect(await zeros(device, [1024]).data()).toHaveLength(1024);
  device.close();
});

fault(9, "Node", "more than 65,535 workgroups: every element is computed", async () => {
  const device = await testDevice();
  const size = 65_535 * 64 + 1;
  const x = new Float32Array(size);
  for (let i = 0; i < size; i++) x[i] = (i % 251) - 125;
  const y = scope(() => mul(fromArray(device, x), 3));
  const data = await y.data();
  y.dispose();
  let wrong = 0;
  for (let i = 0; i < size; i++) if (data[i] !== 3 * x[i]!) wrong++;
  expect(wrong).toBe(0);
});

fault(10, "Node", "a validation error is the next await's rejection, once, and the device goes on", async () => {
  const device = await openDevice();
  device.gpu.createBuffer({ size: 16, usage: 0xffff });
  await expect(device.sync()).rejects.toThrow(GpuError);
  expect([...(await mul(fromArray(device, [1, 2]), 2).data())]).toEqual([2, 4]);
  device.close();
});

fault(11, "Node", "a kernel that does not compile is a ShaderError with its name and the compiler's words, each time", async () => {
  const device = await openDevice();
  const broken = { name: "broken", code: "@group(0) @binding(0) var<storage, read_write> y: array<f32>;\n@compute @workgroup_size(1)\nfn main() {\n  y[0] = no_such_function(1.0);\n}" };
  const y = zeros(device, [1]);
  await device.sync();
  for (let i = 0; i < 2; i++) {
    const failed = (async () => {
      launch(device, broken, { buffers: { y: y.buffer }, workgroups: 1 });
      await device.sync();
    })();
    await expect(failed).rejects.toThrow(ShaderError);
    await expect(failed).rejects.toThrow(/4:10[\s\S]*no_such_function[\s\S]*"broken/);
  }
  expect([...(await y.data())]).toEqual([0]);
  device.close();
});

fault(12, "Node", "numbers that would become WGSL text are finite, or refused; names cannot carry code", async () => {
  const device = await testDevice();
  const x = fromArray(device, [1, 2, 3, 4], { shape: [2, 2] });
  for (const eps of [Infinity, NaN, 1e39, -1, "1.0); discard; (" as never]) expect(() => layerNorm(x, null, null, { eps }), String(eps)).toThrow(UsageError);
  const shader = { name: "scale", code: "override SCALE: f32 = 1.0;\n@group(0) @binding(0) var<storage, read_write> y: array<f32>;\n@compute @workgroup_size(1)\nfn main() { y[0] = SCALE; }" };
  for (const SCALE of [Infinity, NaN, 1e39]) expect(() => launch(device, shader, { buffers: { y: x.buffer }, constants: { SCALE }, workgroups: 1 }), String(SCALE)).toThrow(KilnError);
  expect(() => launch(device, shader, { buffers: { y: x.buffer }, constants: { "SCALE; fn x() {}": 1 }, workgroups: 1 })).toThrow(KilnError);
  const fixed = { name: "fixed", code: "const SCALE: f32 = 1.0;\nalias Element = f32;\n@group(0) @binding(0) var<storage, read_write> y: array<Element>;\n@compute @workgroup_size(1)\nfn main() { y[0] = SCALE; }" };
  for (const SCALE of [Infinity, NaN, 1e39]) expect(() => launch(device, fixed, { buffers: { y: x.buffer }, consts: { SCALE }, workgroups: 1 }), String(SCALE)).toThrow(KilnError);
  expect(() => launch(device, fixed, { buffers: { y: x.buffer }, types: { Element: "f32; fn x() {}" }, workgroups: 1 })).toThrow(KilnError);
  launch(device, fixed, { buffers: { y: x.buffer }, consts: { SCALE: 1e21 }, workgroups: 1 });
  expect((await x.data())[0]).toBe(Math.fround(1e21));
  x.dispose();
  await device.sync();
});

fault(42, "Node", "features that this adapter lacks are refused by name", async () => {
  const device = await testDevice();
  if (device.features.has("shader-f16")) {
    const x = fromArray(device, [1, 2], { dtype: "f16" });
    expect([...(await x.data())]).toEqual([1, 2]);
    x.dispose();
  } else {
    expect(() => fromArray(device, [1, 2], { dtype: "f16" })).toThrow(FeatureError);
    expect(() => fromArray(device, [1, 2], { dtype: "f16" })).toThrow("shader-f16");
  }
  expect(() => exp(fromArray(device, [1, 2], { shape: [3] }))).toThrow(ShapeError);
});
