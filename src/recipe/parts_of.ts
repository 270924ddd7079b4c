import type { Device } from "../gpu/device.js";
import type { GPT } from "../nn/index.js";
import { Generator } from "../tensor/random.js";
import { restoreCheckpoint } from "../train/index.js";
import { modelOptionsOf } from "./checkpoint_model.js";
import { modelOf, modelOptions, optimizerOf } from "./model_of.js";
import type { RunPlan } from "./run_plan.js";

type Optimizer = ReturnType<typeof optimizerOf>;

/** The plan's model and optimizer, as new or as the checkpoint left them. */
export function partsOf(device: Device, { settings, data, checkpoint }: RunPlan): { model: GPT; optimizer: Optimizer } {
  const generator = new Generator(settings.seed);
  const options = (checkpoint && modelOptionsOf(checkpoint)) ?? modelOptions(settings, data.vocab.size);
  const model = modelOf(device, options, generator);
  const optimizer = optimizerOf(model, settings);
  if (checkpoint) {
    restoreCheckpoint(checkpoint, model, optimizer);
    generator.loadStateDict(checkpoint.state.generators!.model!);
  }
  return { model, optimizer };
}
