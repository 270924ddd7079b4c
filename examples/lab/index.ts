// All experiments, in the catalogue's order of groups.
import type { Experiment } from "../../src/lab/index.js";
import quadraticEdge from "./quadratic_edge.js";

export const experiments: readonly Experiment[] = [quadraticEdge];
