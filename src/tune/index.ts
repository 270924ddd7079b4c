// Tools that find a learning rate and a warmup on a model, and leave it as they found it.
export { rangeTest, type RangeTest, type RangeTestOptions } from "./range_test.js";
export type { RangePoint } from "./range_analysis.js";
export { lineSearch, type LineSearch, type LineSearchOptions } from "./line_search.js";
export type { LineOutcome, Trial } from "./armijo.js";
export { catapultStart, type CatapultOptions, type CatapultStart } from "./catapult.js";
export { noiseScale, type NoiseScale, type NoiseScaleOptions } from "./noise_scale.js";
export type { Estimate } from "./noise_estimate.js";
export { sharpness, type Sharpness, type SharpnessOptions } from "./sharpness.js";
export { hessianVector, type HessianVectorOptions } from "./hessian_vector.js";
export type { HessianProduct } from "./gradient_difference.js";
export { advise, type Advice, type AdviceStage, type AdviseOptions } from "./advise.js";
export type { WarmupPlan } from "./warmup_advice.js";
export type { Progress, ToolOptions, TuneTarget } from "./target.js";
export { autotune, exportTuning, importTuning, type AutotuneOptions, type TunedProduct, type Tuning } from "./autotune.js";
