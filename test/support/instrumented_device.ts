// Counts what a piece of code asks of WebGPU itself, below everything that Kiln could count wrongly.
import type { Device } from "../../src/gpu/device.js";

export interface GpuCalls {
  createComputePipeline: number;
  createShaderModule: number;
  createBuffer: number;
  createBindGroup: number;
  dispatches: number;
  submits: number;
  writes: number;
  mapAsync: number;
}

type Methods = Record<string, (...args: unknown[]) => unknown>;

/** Wraps the methods of one device from now on. Reset the counts with `Object.assign(calls, none())`. */
export function instrument(device: Device): GpuCalls {
  const calls = none();
  const gpu = device.gpu;
  const wrap = (target: object, method: string, before: () => void, after: (result: unknown) => void = () => {}) => {
    const original = (target as Methods)[method]!.bind(target);
    (target as Methods)[method] = (...args) => {
      before();
      const result = original(...args);
      after(result);
      return result;
    };
  };
  wrap(gpu, "createComputePipeline", () => calls.createComputePipeline++);
  wrap(gpu, "createShaderModule", () => calls.createShaderModule++);
  wrap(gpu, "createBindGroup", () => calls.createBindGroup++);
  wrap(gpu, "createBuffer", () => calls.createBuffer++, (buffer) => wrap(buffer as object, "mapAsync", () => calls.mapAsync++));
  wrap(gpu, "createCommandEncoder", () => {}, (encoder) =>
    wrap(encoder as object, "beginComputePass", () => {}, (pass) => wrap(pass as object, "dispatchWorkgroups", () => calls.dispatches++)),
  );
  const queue = gpu.queue;
  wrap(queue, "submit", () => calls.submits++);
  wrap(queue, "writeBuffer", () => calls.writes++);
  return calls;
}

export function none(): GpuCalls {
  return { createComputePipeline: 0, createShaderModule: 0, createBuffer: 0, createBindGroup: 0, dispatches: 0, submits: 0, writes: 0, mapAsync: 0 };
}
