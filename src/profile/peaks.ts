// What the adapter gives at best, measured: memory by a copy, arithmetic by chains of multiply-adds.
import arithmeticShader from "../../shaders/bench_arithmetic.wgsl";
import copyShader from "../../shaders/bench_copy.wgsl";
import type { Device } from "../gpu/device.js";
import { PreparedLaunch } from "../gpu/prepared_launch.js";
import { timeDispatches } from "./time.js";

/** Measured peaks: the roofline. */
export interface Peaks {
  bytesPerSecond: number;
  flopsPerSecond: number;
}

const copyBytes = 32 * 2 ** 20;
const repetitions = 5;
/** Software drivers want few workgroups that stride, GPUs many; the best one counts. */
const copyForms = [
  { workgroup: 64, workgroups: null },
  { workgroup: 256, workgroups: 1024 },
  { workgroup: 64, workgroups: 32 },
] as const;
/** As in bench_arithmetic.wgsl. */
const flopsARound = 8 * 2 * 16;

const known = new WeakMap<Device, Promise<Peaks>>();

/** The peaks of a device: measured at the first call, in well under a second. */
export function peaksOf(device: Device): Promise<Peaks> {
  let peaks = known.get(device);
  if (!peaks) known.set(device, (peaks = measure(device)));
  return peaks;
}

async function measure(device: Device): Promise<Peaks> {
  const copies: number[] = [];
  for (const form of copyForms) copies.push(await fastest(device, copyLaunch(device, form)));
  const arithmetic = arithmeticLaunch(device);
  const arithmetic_ns = await fastest(device, arithmetic);
  return { bytesPerSecond: (2 * copyBytes) / (Math.min(...copies) * 1e-9), flopsPerSecond: arithmetic.flops / (arithmetic_ns * 1e-9) };
}

interface Probe {
  launch: PreparedLaunch;
  dispose(): void;
}

async function fastest(device: Device, { launch, dispose }: Probe): Promise<number> {
  const run = () => launch.launch();
  await timeDispatches(device, run);
  const times: number[] = [];
  for (let i = 0; i < repetitions; i++) {
    const [timed] = await timeDispatches(device, run);
    times.push(timed!.end_ns - timed!.begin_ns);
  }
  dispose();
  return Math.max(1, Math.min(...times));
}

function copyLaunch(device: Device, { workgroup, workgroups }: (typeof copyForms)[number]): Probe {
  const [x, y] = [device.acquire(copyBytes, "copy source"), device.acquire(copyBytes, "copy target")];
  const slice = (buffer: typeof x) => ({ buffer, offset_bytes: 0, size_bytes: copyBytes });
  const vec4s = copyBytes / 16;
  const launch = new PreparedLaunch(device, copyShader, {
    buffers: { x: slice(x), y: slice(y) },
    params: { vec4s },
    constants: { WORKGROUP: workgroup },
    workgroups: workgroups ?? vec4s / workgroup,
  });
  return { launch, dispose: () => [launch, x, y].forEach((part) => (part instanceof PreparedLaunch ? part.dispose() : part.release())) };
}

function arithmeticLaunch(device: Device): Probe & { flops: number } {
  const workgroup = 64;
  const [workgroups, rounds] = device.adapter.class === "cpu" ? [256, 128] : [16384, 256];
  const size_bytes = 4 * workgroups * workgroup;
  const y = device.acquire(size_bytes, "arithmetic");
  const launch = new PreparedLaunch(device, arithmeticShader, {
    buffers: { y: { buffer: y, offset_bytes: 0, size_bytes } },
    params: { rounds, scale: 0.9999, shift: 0.0001 },
    constants: { WORKGROUP: workgroup },
    workgroups,
  });
  const dispose = () => {
    launch.dispose();
    y.release();
  };
  return { launch, dispose, flops: workgroups * workgroup * rounds * flopsARound };
}
