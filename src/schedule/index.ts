// Schedules: pure functions of the optimizer's step.
export { asSchedule, constant, cosine, fromJSON, linear, Schedule, warmup } from "./schedule.js";
export type { Description } from "./description.js";
export type { WarmupConvention } from "./warmup.js";
