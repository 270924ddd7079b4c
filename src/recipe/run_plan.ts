// What a run will do, and what its checkpoint keeps of it.
import type { TokenData } from "../data/index.js";
import type { GPT } from "../nn/index.js";
import type { Checkpoint, CheckpointState, TrainOptions } from "../train/index.js";
import type { TrainSettings } from "./settings.js";

export interface RunPlan {
  settings: TrainSettings;
  data: TokenData;
  /** What to go on from; null for a new run. */
  checkpoint: Checkpoint | null;
}

/** What a checkpoint of this moment says beside the tensors. */
export function stateOf({ settings, data }: RunPlan, model: GPT, step: number, bestValidationLoss: number | null, lossesSinceValidation: readonly number[] = []): CheckpointState {
  return {
    step,
    model: model.config,
    tokenizer: data.vocab.toJSON(),
    data: { fingerprint: data.fingerprint, position: data.stateDict() },
    generators: { model: model.generator.stateDict() },
    settings,
    bestValidationLoss,
    ...(lossesSinceValidation.length > 0 && { lossesSinceValidation }),
  };
}

/** Where `train` goes on after a checkpoint; null for a new run. */
export function placeOf(checkpoint: Checkpoint | null): Pick<TrainOptions, "startStep" | "bestValidationLoss" | "lossesSinceValidation"> {
  if (!checkpoint) return {};
  const { step, bestValidationLoss = null, lossesSinceValidation = [] } = checkpoint.state;
  return { startStep: step, bestValidationLoss, lossesSinceValidation: lossesSinceValidation.map((loss) => loss ?? NaN) };
}
