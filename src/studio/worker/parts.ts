// A run's model, optimizer and data on a device.
import { tokenizerFromJSON } from "../../data/index.js";
import { CheckpointError } from "../../errors.js";
import type { Device } from "../../gpu/device.js";
import type { Optimizer } from "../../optim/index.js";
import { partsOf } from "../../recipe/parts_of.js";
import type { RunPlan } from "../../recipe/run_plan.js";
import type { TrainSettings } from "../../recipe/settings.js";
import type { Checkpoint } from "../../train/index.js";
import type { SampledToken, SampleRequest } from "../protocol.js";
import { sampleText, type Writer } from "./text.js";
import { tokensOf } from "./texts.js";

export interface Parts extends Writer {
  device: Device;
  plan: RunPlan;
  optimizer: Optimizer;
}

/** The model and optimizer of these settings, as new or as a checkpoint left them. Throws CheckpointError where the text is another. */
export async function openParts(device: Device, settings: TrainSettings, ownText: string | null, checkpoint: Checkpoint | null): Promise<Parts> {
  const data = await tokensOf(settings, ownText, checkpoint && (await tokenizerFromJSON(checkpoint.state.tokenizer)));
  const place = checkpoint?.state.data;
  if (place) {
    if (place.fingerprint !== data.fingerprint) throw new CheckpointError("checkpoint: the text is not the one of the run; open it with the text it was trained on");
    data.loadStateDict(place.position);
  }
  const plan = { settings, data, checkpoint };
  return { device, plan, data, ...partsOf(device, plan) };
}

/** Gives the memory on the device back. */
export function disposeParts({ model, optimizer }: Parts): void {
  optimizer.dispose();
  model.dispose();
}

/** Averaged weights where the optimizer keeps them. */
export function sampled(parts: Parts, request: SampleRequest, onToken: (token: SampledToken) => void, signal?: AbortSignal): Promise<void> {
  const write = () => sampleText(parts, request, onToken, signal);
  return parts.optimizer.emaDecay === null ? write() : parts.optimizer.withAveragedWeights(write);
}
