// What a run will do, known before any GPU is touched: every bad flag and file ends here.
import { tokenizerFromJSON } from "../data/index.js";
import { CheckpointError, UsageError } from "../errors.js";
import { loadCheckpoint } from "../node/checkpoint_file.js";
import { readText } from "../node/text_source.js";
import { dataOf } from "../recipe/model_of.js";
import type { RunPlan } from "../recipe/run_plan.js";
import { presets } from "../recipe/presets.js";
import { checkSettings, type TrainSettings } from "../recipe/settings.js";
import type { Checkpoint } from "../train/index.js";
import { flagOf } from "./flags.js";

export async function planNewRun(settings: TrainSettings): Promise<RunPlan> {
  return { settings, data: await dataOf(readText(settings.data), settings, null), checkpoint: null };
}

/** The run of a checkpoint, with the few settings that may change. */
export async function planResumedRun(file: string, changed: Partial<TrainSettings>): Promise<RunPlan> {
  const plan = await planOfCheckpoint(file, "--resume", changed);
  const { step } = plan.checkpoint.state;
  const { steps } = plan.settings;
  if (step >= steps) throw new UsageError(`--resume: the run is complete, got step ${step} of ${steps}; add --steps ${step * 2} to go on, at the schedule's last rate`);
  return plan;
}

/** The run of a checkpoint, complete or not. `flag` named it. */
export async function planOfCheckpoint(file: string, flag: string, changed: Partial<TrainSettings>): Promise<RunPlan & { checkpoint: Checkpoint }> {
  const checkpoint = loadCheckpoint(file, flag);
  const { state } = checkpoint;
  const saved = state.settings as Partial<TrainSettings> | undefined;
  if (typeof saved !== "object" || saved === null || !state.data || !state.generators?.model || !checkpoint.optimizer) {
    throw new CheckpointError(`${flag}: the file lacks what a run needs to go on, got ${file}; use one that kiln train wrote`);
  }
  const settings = checkSettings({ ...presets.small, ...saved, ...changed }, flagOf);
  const data = await dataOf(readText(settings.data), settings, await tokenizerFromJSON(state.tokenizer));
  if (data.fingerprint !== state.data.fingerprint) {
    throw new CheckpointError(`${flag}: the text is not the one of the run, got fingerprint ${data.fingerprint} for ${state.data.fingerprint}; pass the same file as --data`);
  }
  data.loadStateDict(state.data.position);
  return { settings, data, checkpoint };
}
