// Every op, one export line a file. The import installs the methods of Tensor.
import "./methods.js";
export * from "./creation.js";
export { logSoftmax, softmax, type SoftmaxOptions } from "./softmax.js";
export { elu, gelu, leakyRelu, relu, sigmoid, silu, softplus } from "./activation.js";
export { add, div, maximum, minimum, mul, pow, sub } from "./binary.js";
export { cast } from "./cast.js";
export { clamp } from "./clamp.js";
export { equal, greater, greaterEqual, isInf, isNaN, less, lessEqual, logicalNot, notEqual } from "./compare.js";
export { cos, erf, exp, log, sin, tanh } from "./transcendental.js";
export { abs, ceil, floor, neg, reciprocal, round, rsqrt, sign, sqrt } from "./unary.js";
export { where } from "./where.js";
export { linear } from "./linear.js";
export { matmul, type MatmulOptions } from "./matmul.js";
export { conv1d, conv2d, type Conv1dOptions, type Conv2dOptions } from "./conv.js";
export { avgPool1d, avgPool2d, maxPool1d, maxPool2d, type AvgPool1dOptions, type AvgPool2dOptions, type MaxPool1dOptions, type MaxPool2dOptions } from "./pool.js";
export { batchNorm, type BatchNormOptions } from "./batch_norm.js";
export { mseLoss, type MseLossOptions } from "./mse_loss.js";
export { bceWithLogits, type BceWithLogitsOptions } from "./bce_with_logits.js";
