// All experiments, in the catalogue's order of groups.
import type { Experiment } from "../../src/lab/index.js";
import adagradCliff from "./adagrad_cliff.js";
import architectureScreening from "./architecture_screening.js";
import batchScaling from "./batch_scaling.js";
import batchnormCurvature from "./batchnorm_curvature.js";
import batchnormMomentum from "./batchnorm_momentum.js";
import biasCorrection from "./bias_correction.js";
import clippingWarmup from "./clipping_warmup.js";
import curriculum from "./curriculum.js";
import ddpm from "./ddpm.js";
import decayShapes from "./decay_shapes.js";
import denseSparseHeads from "./dense_sparse_heads.js";
import earlySharpness from "./early_sharpness.js";
import epsilonF16 from "./epsilon_f16.js";
import fewShot from "./few_shot.js";
import fineTuneDecay from "./fine_tune_decay.js";
import infonceTemperature from "./infonce_temperature.js";
import layernormGradients from "./layernorm_gradients.js";
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
  earlySharpness,
  warmupGrid,
  warmupSharpness,
  layernormGradients,
  batchnormMomentum,
  batchnormCurvature,
  biasCorrection,
  adagradCliff,
  epsilonF16,
  batchScaling,
  clippingWarmup,
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
