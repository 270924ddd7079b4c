/// <reference lib="esnext.disposable" preserve="true" />
// The public surface for pages and bundlers. What is not exported here is private.
export { openDevice } from "./gpu/open_device.js";
export { Device } from "./gpu/device.js";
export type { AdapterDescription } from "./gpu/adapter.js";
export type { MemoryReport } from "./gpu/buffers.js";
export * from "./errors.js";
export type { NumberRange } from "./options.js";
export type { Shape } from "./shape.js";
export type { DType, TypedArray } from "./tensor/dtype.js";
export { Tensor } from "./tensor/tensor.js";
export { Generator, type RandomState } from "./tensor/random.js";
export { keep, scope } from "./tensor/scope.js";
export { autocast, type AutocastOptions } from "./tensor/autocast.js";
export { detectAnomaly } from "./tensor/anomaly.js";
export { checkpoint } from "./tensor/checkpoint.js";
export { backward, type BackwardOptions } from "./tensor/backward.js";
export { isGradEnabled, noGrad } from "./tensor/tape.js";
export * from "./ops/index.js";
export * from "./capture/index.js";
export * from "./profile/index.js";
export * as nn from "./nn/index.js";
export { generate, type GenerateOptions } from "./nn/index.js";
export * as optim from "./optim/index.js";
export { Adagrad, Adam, AdamW, GIAdam, Lion, RAdam, ReduceLROnPlateau, RMSprop, SGD } from "./optim/index.js";
export * as schedule from "./schedule/index.js";
export * as tune from "./tune/index.js";
export * from "./data/index.js";
export * from "./train/index.js";
