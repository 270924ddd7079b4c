// Optimizer steps that every engine takes alike.

export type OptimizerName = "sgd" | "adam" | "adamw";
/** Kiln's ways of taking a step: its optimizer over all tensors, one optimizer a tensor, or arithmetic by its ops. */
export type OptimizerVariant = "fused" | "per tensor" | "per op";

export interface OptimizerSpec {
  algorithm: OptimizerName;
  /** Elements of each parameter. */
  sizes: readonly number[];
  /** Kiln's; other engines have one way. */
  variant: OptimizerVariant;
  /** Whether every step has another learning rate. */
  scheduled: boolean;
}

export const momentum = 0.9;
export const betas = [0.9, 0.999] as const;
export const eps = 1e-8;
export const weightDecay = 0.01;

/** The rate of step t, from 0 on. */
export function rateAt({ scheduled }: OptimizerSpec, t: number): number {
  return scheduled ? 1e-3 * (0.5 + 0.5 / (1 + t)) : 1e-3;
}

/** What a step must move at least: each state read and written once, the gradient read. */
export function bytesPerParameter(algorithm: OptimizerName): number {
  return algorithm === "sgd" ? 20 : 28;
}

/** `total` elements in `count` tensors, as even as can be. */
export function split(total: number, count: number): number[] {
  const size = Math.floor(total / count);
  return Array.from({ length: count }, (_, i) => size + (i < total % count ? 1 : 0));
}

export function elements({ sizes }: OptimizerSpec): number {
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Parameters and gradients: enough variety that no value is special, and quick to make. */
export function initialValues(size: number, scale: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => scale * (((i * 7919) % 1009) / 504.5 - 1));
}
