// All experiments, in the catalogue's order of groups.
import type { Experiment } from "../../src/lab/index.js";
import adagradCliff from "./adagrad_cliff.js";
import architectureScreening from "./architecture_screening.js";
import batchScaling from "./batch_scaling.js";
import batchnormCurvature from "./batchnorm_curvature.js";
import batchnormMomentum from "./batchnorm_momentum.js";
import biasCorrection from "./bias_correction.js";
import curriculum from "./curriculum.js";
import ddpm from "./ddpm.js";
import decayShapes from "./decay_shapes.js";
import denseSparseHeads from "./dense_sparse_heads.js";
import fewShot from "./few_shot.js";
import fineTuneDecay from "./fine_tune_decay.js";
import infonceTemperature from "./infonce_temperature.js";
import multiTask from "./multi_task.js";
import noiseStarvation from "./noise_starvation.js";
import pruning from "./pruning.js";
import quadraticEdge from "./quadratic_edge.js";
import spacedRepetition from "./spaced_repetition.js";
import warmupGrid from "./warmup_grid.js";
import warmupSharpness from "./warmup_sharpness.js";
import weightDecayEquilibrium from "./weight_decay_equilibrium.js";

export const experiments: readonly Experiment[] = [
  quadraticEdge,
  warmupGrid,
  warmupSharpness,
  batchnormMomentum,
  batchnormCurvature,
  adagradCliff,
  biasCorrection,
  batchScaling,
  noiseStarvation,
  weightDecayEquilibrium,
  decayShapes,
  fineTuneDecay,
  fewShot,
  multiTask,
  curriculum,
  pruning,
  infonceTemperature,
  ddpm,
  architectureScreening,
  spacedRepetition,
  denseSparseHeads,
];
