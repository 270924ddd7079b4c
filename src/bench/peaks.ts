// What the adapter can do at best: memory by a copy, arithmetic by chains of multiply-adds.
import arithmeticShader from "../../shaders/bench_arithmetic.wgsl";
import copyShader from "../../shaders/bench_copy.wgsl";
import type { PoolBuffer } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { PreparedLaunch } from "../gpu/prepared_launch.js";
import type { Contender } from "./engine.js";

/** Bytes of one of the two arrays that `copy` moves between, and the floor's unit of work. */
export const copyBytes = 32 * 2 ** 20;

export interface CopyForm {
  workgroup: number;
  /** Null for one invocation a vec4. */
  workgroups: number | null;
}

/** Forms that are best on one adapter or another: software drivers want few workgroups that stride, GPUs many. */
export const copyForms: readonly CopyForm[] = [
  { workgroup: 64, workgroups: null },
  { workgroup: 256, workgroups: null },
  { workgroup: 256, workgroups: 1024 },
  { workgroup: 64, workgroups: 64 },
  { workgroup: 256, workgroups: 64 },
  { workgroup: 64, workgroups: 16 },
];

/** A kernel that needs nothing but its own memory. */
class Probe implements Contender {
  constructor(
    private readonly device: Device,
    private readonly launch: PreparedLaunch,
    private readonly memory: readonly PoolBuffer[],
  ) {}

  run(): void {
    this.launch.launch();
    this.device.queue.flush();
  }

  finished(): Promise<void> {
    return this.device.sync();
  }

  outputs(): Promise<Float32Array[]> {
    return Promise.resolve([]);
  }

  dispose(): void {
    this.launch.dispose();
    for (const buffer of this.memory) buffer.release();
  }
}

/** Copies `bytes`, rounded down to vec4s. Twice that many bytes cross the memory. */
export function copyContender(device: Device, { workgroup, workgroups }: CopyForm, bytes = copyBytes): Contender {
  const vec4s = Math.floor(Math.min(bytes, device.pool.maxBytes) / 16);
  const [x, y] = ["copy source", "copy target"].map((label) => device.acquire(16 * vec4s, label)) as [PoolBuffer, PoolBuffer];
  const slice = (buffer: PoolBuffer) => ({ buffer, offset_bytes: 0, size_bytes: 16 * vec4s });
  const launch = new PreparedLaunch(device, copyShader, {
    buffers: { x: slice(x), y: slice(y) },
    params: { vec4s },
    constants: { WORKGROUP: workgroup },
    workgroups: workgroups ?? Math.ceil(vec4s / workgroup),
  });
  return new Probe(device, launch, [x, y]);
}

const arithmeticWorkgroup = 64;
/** As in bench_arithmetic.wgsl. */
const flopsARound = 8 * 2 * 16;

export interface ArithmeticSize {
  workgroups: number;
  rounds: number;
}

/** Software adapters need a few invocations, GPUs enough to fill every unit. */
export function arithmeticSize(device: Device): ArithmeticSize {
  return device.adapter.class === "cpu" ? { workgroups: 256, rounds: 128 } : { workgroups: 16384, rounds: 256 };
}

export function arithmeticFlops({ workgroups, rounds }: ArithmeticSize): number {
  return workgroups * arithmeticWorkgroup * rounds * flopsARound;
}

export function arithmeticContender(device: Device, { workgroups, rounds }: ArithmeticSize): Contender {
  const bytes = 4 * workgroups * arithmeticWorkgroup;
  const y = device.acquire(bytes, "arithmetic");
  const launch = new PreparedLaunch(device, arithmeticShader, {
    buffers: { y: { buffer: y, offset_bytes: 0, size_bytes: bytes } },
    params: { rounds, scale: 0.9999, shift: 0.0001 },
    constants: { WORKGROUP: arithmeticWorkgroup },
    workgroups,
  });
  return new Probe(device, launch, [y]);
}
