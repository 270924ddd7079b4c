// All experiments, in the catalogue's order of groups.
import type { Experiment } from "../../src/lab/index.js";

export const experiments: readonly Experiment[] = [];
