// All experiments, in the catalogue's order of groups.
import type { Experiment } from "../../src/lab/index.js";
import architectureScreening from "./architecture_screening.js";
import curriculum from "./curriculum.js";
import ddpm from "./ddpm.js";
import denseSparseHeads from "./dense_sparse_heads.js";
import fewShot from "./few_shot.js";
import fineTuneDecay from "./fine_tune_decay.js";
import infonceTemperature from "./infonce_temperature.js";
import multiTask from "./multi_task.js";
import pruning from "./pruning.js";
import quadraticEdge from "./quadratic_edge.js";
import spacedRepetition from "./spaced_repetition.js";

export const experiments: readonly Experiment[] = [quadraticEdge, fineTuneDecay, fewShot, multiTask, curriculum, pruning, infonceTemperature, ddpm, architectureScreening, spacedRepetition, denseSparseHeads];
