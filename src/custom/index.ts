// Kernels and ops of a user's own, on the same footing as those of src/ops.
export { defineKernel } from "./define_kernel.js";
export { Kernel, type LaunchOptions } from "./kernel.js";
export { customOp, type CustomOp } from "./custom_op.js";
export { empty, emptyLike } from "../tensor/tensor.js";
