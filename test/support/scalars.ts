// Numbers that an op takes as they are or as a tensor: runs both ways, and what a run makes.
import type { Device } from "../../src/gpu/device.js";
import { full } from "../../src/ops/creation.js";
import type { Tensor } from "../../src/tensor/tensor.js";

export type Scalar = number | Tensor;

/** The bits of several tensors: NaN and signed zeros count. */
export async function bits(...tensors: Tensor[]): Promise<number[]> {
  const parts: number[] = [];
  for (const tensor of tensors) parts.push(...new Uint32Array(((await tensor.data()) as Float32Array).buffer));
  return parts;
}

/** What `run` gives for the number, and for a tensor that holds it. */
export async function bothWays(device: Device, value: number, run: (scalar: Scalar) => Promise<number[]>, shape: number[] = []): Promise<[number[], number[]]> {
  using held = full(device, shape, value);
  return [await run(value), await run(held)];
}

/** What must not grow when only a scalar's value changes. */
export const made = (device: Device): number[] => [device.pipelines.created, device.pool.created];
