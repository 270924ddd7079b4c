// Kernels that do nothing but copy, or nothing but arithmetic: what an adapter can do at best.
import arithmeticShader from "../../shaders/bench_arithmetic.wgsl";
import copyShader from "../../shaders/bench_copy.wgsl";
import type { Device } from "../gpu/device.js";
import { PreparedLaunch } from "../gpu/prepared_launch.js";

/** A launch with memory of its own. */
export interface PeakLaunch {
  launch: PreparedLaunch;
  /** Read and written by one launch. */
  bytes: number;
  flops: number;
  dispose(): void;
}

export interface CopyForm {
  workgroup: number;
  /** Null for one invocation a vec4. */
  workgroups: number | null;
}

/** Each is the best on one adapter or another: software drivers want few workgroups that stride, GPUs many. */
export const copyForms: readonly CopyForm[] = [
  { workgroup: 64, workgroups: null },
  { workgroup: 256, workgroups: null },
  { workgroup: 256, workgroups: 1024 },
  { workgroup: 64, workgroups: 64 },
  { workgroup: 256, workgroups: 64 },
  { workgroup: 64, workgroups: 16 },
];

/** Copies `bytes`, rounded up to vec4s, or as much as one binding may hold. */
export function prepareCopy(device: Device, { workgroup, workgroups }: CopyForm, bytes: number): PeakLaunch {
  const vec4s = Math.min(Math.ceil(bytes / 16), Math.floor(device.pool.maxBytes / 16));
  const size_bytes = 16 * vec4s;
  const x = device.acquire(size_bytes, "copy source");
  const y = device.acquire(size_bytes, "copy target");
  const launch = new PreparedLaunch(device, copyShader, {
    buffers: { x: { buffer: x, offset_bytes: 0, size_bytes }, y: { buffer: y, offset_bytes: 0, size_bytes } },
    params: { vec4s },
    constants: { WORKGROUP: workgroup },
    workgroups: workgroups ?? Math.ceil(vec4s / workgroup),
  });
  const dispose = () => {
    launch.dispose();
    x.release();
    y.release();
  };
  return { launch, bytes: 2 * size_bytes, flops: 0, dispose };
}

const arithmeticWorkgroup = 64;
/** As in bench_arithmetic.wgsl. */
const flopsARound = 8 * 2 * 16;

/** Software adapters need a few invocations, GPUs enough to fill every unit. */
export function prepareArithmetic(device: Device): PeakLaunch {
  const [workgroups, rounds] = device.adapter.class === "cpu" ? [256, 128] : [16384, 256];
  const size_bytes = 4 * workgroups * arithmeticWorkgroup;
  const y = device.acquire(size_bytes, "arithmetic");
  const launch = new PreparedLaunch(device, arithmeticShader, {
    buffers: { y: { buffer: y, offset_bytes: 0, size_bytes } },
    params: { rounds, scale: 0.9999, shift: 0.0001 },
    constants: { WORKGROUP: arithmeticWorkgroup },
    workgroups,
  });
  const dispose = () => {
    launch.dispose();
    y.release();
  };
  return { launch, bytes: 0, flops: workgroups * arithmeticWorkgroup * rounds * flopsARound, dispose };
}
