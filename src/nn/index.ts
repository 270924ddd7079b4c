// Modules, models and generation.
export * as init from "./init.js";
export { manualSeed, type Initializer, type RandomSource } from "./init.js";
export { Layer, Module, ModuleMap, type ParameterGroup } from "./module.js";
export type { HostValue, LoadReport, StateValue } from "./state.js";
export { ELU, GELU, ReLU, SiLU, Tanh, type ActivationName } from "./activations.js";
export { Conv1d, Conv2d, type ConvOptions, type Extent2d } from "./conv.js";
export { Dropout } from "./dropout.js";
export { Embedding, type EmbeddingOptions } from "./embedding.js";
export { Linear, type LinearOptions } from "./linear.js";
export { BatchNorm1d, BatchNorm2d, LayerNorm, RMSNorm, type BatchNormOptions, type LayerNormOptions, type RMSNormOptions } from "./norms.js";
export { MultiHeadAttention, type AttentionOptions } from "./attention.js";
export { MLP, type MLPOptions } from "./mlp.js";
export { Sequential } from "./sequential.js";
export { TransformerBlock, type NormPlace, type NormType, type TransformerBlockOptions } from "./transformer_block.js";
export { GPT, type GPTConfig, type GPTOptions } from "./gpt.js";
export { KeyValueCache } from "./kv_cache.js";
export { generate, type GenerateOptions } from "./generate.js";
export { sampleToken, type SamplingOptions } from "./sampling.js";
