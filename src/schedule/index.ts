// Schedules: pure functions of the optimizer's step.
export { asSchedule, fromJSON, Schedule } from "./schedule.js";
export { constant, cosine, linear } from "./decays.js";
export { warmup } from "./warmups.js";
export type { Description } from "./description.js";
export type { WarmupConvention } from "./warmup.js";
