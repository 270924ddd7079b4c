// What a run will allocate, before it does.
import type { Device } from "../gpu/device.js";
import { estimateMemory, type MemoryEstimate } from "../profile/index.js";
import { Steps } from "../train/steps.js";
import { partsOf } from "./parts_of.js";
import type { RunPlan } from "./run_plan.js";

/** Memory by purpose, of a run's optimizer and all the rest. Bytes. */
export interface RunMemory extends MemoryEstimate {
  parameters: number;
  gradients: number;
  /** Moments, averaged weights and the tables of a step. */
  optimizer: number;
  activations: number;
}

export function memoryOf(device: Device, plan: RunPlan): RunMemory {
  const estimate = estimateMemory(device, (dry) => runOnce(dry, plan));
  const sumOf = (isPart: (label: string) => boolean) => estimate.parts.filter(({ label }) => isPart(label)).reduce((sum, part) => sum + part.bytes, 0);
  const parameters = sumOf((label) => label === "optimizer parameters");
  const gradients = sumOf((label) => label === "optimizer gradients");
  const optimizer = sumOf((label) => label.startsWith("optimizer ")) - parameters - gradients;
  return { ...estimate, parameters, gradients, optimizer, activations: estimate.bytes - parameters - gradients - optimizer };
}

/** A step and a validation, as `train` records them. */
function runOnce(dry: Device, plan: RunPlan): void {
  const { settings } = plan;
  const { model, optimizer } = partsOf(dry, { ...plan, checkpoint: null });
  const steps = new Steps(dry, model, optimizer, true, settings.precision);
  const tokens = new Int32Array(settings.batch * settings.block);
  const batch = { tokens, targets: tokens, shape: [settings.batch, settings.block] as [number, number] };
  steps.train(Array.from({ length: settings.accumulate }, () => batch));
  if (settings.evalEvery > 0) steps.validate(batch);
}
