export {
  checkpointVersion, decodeCheckpoint, encodeCheckpoint, restoreCheckpoint,
  type Checkpoint, type CheckpointState, type HostTensor, type StatefulOptimizer,
} from "./checkpoint.js";
export { exactMatch, type AnsweringModel } from "./exact_match.js";
export { train, type Precision, type TrainableModel, type TrainableOptimizer, type TrainingData, type TrainOptions, type TrainProgress, type TrainResult } from "./loop.js";
export { linesUpTo, metricsLine, type StepMetrics, type ValidationMetrics } from "./metrics.js";
export { Recovery, type RecoveryOptions } from "./recover.js";
