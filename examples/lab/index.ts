// All experiments, in the catalogue's order of groups.
import type { Experiment } from "../../src/lab/index.js";
import curriculum from "./curriculum.js";
import fewShot from "./few_shot.js";
import fineTuneDecay from "./fine_tune_decay.js";
import multiTask from "./multi_task.js";
import pruning from "./pruning.js";
import quadraticEdge from "./quadratic_edge.js";

export const experiments: readonly Experiment[] = [quadraticEdge, fineTuneDecay, fewShot, multiTask, curriculum, pruning];
