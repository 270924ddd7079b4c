// Optimizers that keep parameters, gradients and moments in flat memory and take a step in three launches.
export { Adam, AdamW, type AdamOptions } from "./adam.js";
export type { OptimizerOptions, OptimizerStats } from "./optimizer.js";
export type { GroupOptions, ParamGroup } from "./param_group.js";
export { SGD, type SGDOptions } from "./sgd.js";
export type { OptimizerState } from "./state.js";
