import { ShapeError } from "../errors.js";
import { conv2dBackwardBias, conv2dBackwardInput, conv2dBackwardWeight, conv2dForward, type ConvSizes } from "../kernels/conv.js";
import { checkNumber, checkOptions } from "../options.js";
import { formatShape } from "../shape.js";
import { record } from "../tensor/tape.js";
import { empty, emptyLike, type Tensor } from "../tensor/tensor.js";
import { inF32 } from "./cast.js";
import { requireDType, requireRank, requireSameDevice, requireTensor } from "./checks.js";
import { outputExtents, pairOf, type Extent } from "./conv_window.js";

/** Options of `conv1d`. */
export interface Conv1dOptions {
  /** Step of the window. 1 by default. */
  stride?: number;
  /** Zeros on both sides. 0 by default. */
  padding?: number;
  /** Distance of neighbouring kernel elements in x. 1 by default. */
  dilation?: number;
  /** Channels are split into this many groups that do not mix. 1 by default. */
  groups?: number;
}

/** As Conv1dOptions, each a number or [y, x]. */
export interface Conv2dOptions {
  stride?: Extent;
  padding?: Extent;
  dilation?: Extent;
  groups?: number;
}

/**
 * Cross-correlation along one axis: y[b, o, t] = bias[o] + sum_{i, k} weight[o, i, k] * x[b, i, t * stride + k * dilation - padding].
 *
 * Shapes: x [batch, in, length], weight [out, in / groups, kernel], bias [out] or null
 *         -> y [batch, out, floor((length + 2 padding - dilation (kernel - 1) - 1) / stride) + 1], f32.
 * Range:  stride, dilation, groups >= 1 and padding >= 0, whole numbers.
 * Throws: DTypeError unless f32; ShapeError if sizes do not fit or the kernel does not; UsageError for bad options.
 * Source: dx gathers over the outputs that read an input; dweight and dbias are sums in a fixed order.
 */
export function conv1d(x: Tensor, weight: Tensor, bias: Tensor | null = null, options: Conv1dOptions = {}): Tensor {
  return convolve("conv1d", 1, x, weight, bias, options);
}

/**
 * Cross-correlation over two axes: y[b, o, v, u] = bias[o] + sum_{i, j, k} weight[o, i, j, k] * x[b, i, v', u'] with
 * v' = v * stride + j * dilation - padding, and u' alike.
 *
 * Shapes: x [batch, in, height, width], weight [out, in / groups, kernelHeight, kernelWidth], bias [out] or null
 *         -> y [batch, out, outHeight, outWidth], each as in conv1d, f32.
 * Range:  stride, dilation >= 1 and padding >= 0, whole numbers or [y, x]; groups >= 1.
 * Throws: DTypeError unless f32; ShapeError if sizes do not fit or the kernel does not; UsageError for bad options.
 * Source: dx gathers over the outputs that read an input; dweight and dbias are sums in a fixed order.
 */
export function conv2d(x: Tensor, weight: Tensor, bias: Tensor | null = null, options: Conv2dOptions = {}): Tensor {
  return convolve("conv2d", 2, x, weight, bias, options);
}

function convolve(op: string, axes: 1 | 2, x: Tensor, weight: Tensor, bias: Tensor | null, options: Conv2dOptions): Tensor {
  requireTensor(op, "x", x);
  if (x.dtype === "f16") return inF32(x, (x) => convolve(op, axes, x, weight, bias, options));
  const sizes = checkConv(op, axes, x, weight, bias, options);
  const y = empty(x.device, [sizes.batch, weight.shape[0]!, ...(axes === 2 ? [sizes.out_height] : []), sizes.out_width]);
  conv2dForward(x.device, { x: x.buffer, w: weight.buffer, ...(bias ? { bias: bias.buffer } : {}), y: y.buffer }, sizes);
  return record({
    op,
    inputs: bias ? [x, weight, bias] : [x, weight],
    output: y,
    saved: [x, weight],
    vjp: (dy, [x, w], needs) => {
      const { device } = dy;
      const dx = needs[0] ? emptyLike(x) : null;
      if (dx) conv2dBackwardInput(device, { dy: dy.buffer, w: w.buffer, dx: dx.buffer }, sizes);
      const dw = needs[1] ? emptyLike(w) : null;
      if (dw) conv2dBackwardWeight(device, { x: x.buffer, dy: dy.buffer, dw: dw.buffer }, sizes);
      if (!bias) return [dx, dw];
      const db = needs[2] ? empty(device, [w.shape[0]!]) : null;
      if (db) conv2dBackwardBias(device, { dy: dy.buffer, db: db.buffer }, sizes);
      return [dx, dw, db];
    },
  });
}

function checkConv(op: string, axes: 1 | 2, x: Tensor, weight: Tensor, bias: Tensor | null, options: Conv2dOptions): ConvSizes {
  checkOptions(op, options, ["stride", "padding", "dilation", "groups"]);
  requireDType(op, "x", x, "f32", "f16");
  requireDType(op, "weight", weight, "f32");
  requireRank(op, "x", x, { exactly: axes + 2 });
  requireRank(op, "weight", weight, { exactly: axes + 2 });
  requireSameDevice(op, x, weight, ...(bias ? [bias] : []));
  const groups = checkNumber(op, "groups", options.groups ?? 1, { min: 1, integer: true });
  const [batch, channels] = x.shape as [number, number];
  const [outputs, groupIn] = weight.shape as [number, number];
  if (channels !== groupIn * groups || outputs % groups !== 0) {
    throw new ShapeError(
      `${op}: channels do not fit, got x ${formatShape(x.shape)}, weight ${formatShape(weight.shape)} and groups ${groups}; a weight is stored [out, in / groups, ...] and groups divides out`,
    );
  }
  if (bias) {
    requireDType(op, "bias", bias, "f32");
    if (bias.rank !== 1 || bias.size !== outputs) throw new ShapeError(`${op}: bias must have one value an output channel, [${outputs}], got ${formatShape(bias.shape)}`);
  }
  const stride = pairOf(op, "stride", options.stride ?? 1, axes, 1, 1);
  const padding = pairOf(op, "padding", options.padding ?? 0, axes, 0, 0);
  const dilation = pairOf(op, "dilation", options.dilation ?? 1, axes, 1, 1);
  const [height, width] = axes === 2 ? [x.shape[2]!, x.shape[3]!] : [1, x.shape[2]!];
  const kernel: [number, number] = axes === 2 ? [weight.shape[2]!, weight.shape[3]!] : [1, weight.shape[2]!];
  if (kernel.includes(0)) throw new ShapeError(`${op}: the kernel must have at least one element, got weight ${formatShape(weight.shape)}`);
  const [out_height, out_width] = outputExtents(op, [height, width], { kernel, stride, padding, dilation });
  return {
    batch,
    groups,
    group_in: groupIn,
    group_out: outputs / groups,
    height,
    width,
    out_height,
    out_width,
    kernel_height: kernel[0],
    kernel_width: kernel[1],
    stride_y: stride[0],
    stride_x: stride[1],
    padding_y: padding[0],
    padding_x: padding[1],
    dilation_y: dilation[0],
    dilation_x: dilation[1],
  };
}
