// What a suite asks of an engine under test: Kiln itself, and the libraries it is measured against.
import type { DeviceProbe } from "./probe.js";
import type { KernelSpec } from "./specs/kernels.js";
import type { OptimizerSpec } from "./specs/optimizers.js";
import type { TrainingSpec } from "./specs/training.js";

/** One way of doing a piece of work, ready to be done again and again. */
export interface Contender {
  /** Queues one repetition. */
  run(): void;
  /** Resolves when everything queued has run. */
  finished(): Promise<void>;
  /** What the last repetition gave, in an order that all engines share. */
  outputs(): Promise<Float32Array[]>;
  dispose(): void;
}

export interface Engine {
  readonly name: EngineName;
  readonly version: string;
  readonly probe: DeviceProbe;
  /** Null where the engine has no such operation. */
  kernel(spec: KernelSpec): Contender | null;
  optimizer(spec: OptimizerSpec): Contender | null;
  /** A repetition is one training step; `outputs` gives the loss of the last. */
  training(spec: TrainingSpec): Contender;
  close(): void;
}

export const engineNames = ["kiln", "jax-js", "tfjs"] as const;
export type EngineName = (typeof engineNames)[number];
