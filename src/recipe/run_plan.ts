// What a run will do, and what its checkpoint keeps of it.
import type { TokenData } from "../data/index.js";
import type { GPT } from "../nn/index.js";
import type { Checkpoint, CheckpointState } from "../train/index.js";
import type { TrainSettings } from "./settings.js";

export interface RunPlan {
  settings: TrainSettings;
  data: TokenData;
  /** What to go on from; null for a new run. */
  checkpoint: Checkpoint | null;
}

/** What a checkpoint of this moment says beside the tensors. */
export function stateOf({ settings, data }: RunPlan, model: GPT, step: number, bestValidationLoss: number | null): CheckpointState {
  return {
    step,
    model: model.config,
    tokenizer: data.vocab.toJSON(),
    data: { fingerprint: data.fingerprint, position: data.stateDict() },
    generators: { model: model.generator.stateDict() },
    settings,
    bestValidationLoss,
  };
}
