// Tools that find a learning rate and a warmup on a model, and leave it as they found it.
export type { Progress, ToolOptions, TuneTarget } from "./target.js";
