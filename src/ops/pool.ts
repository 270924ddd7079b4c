import { UsageError } from "../errors.js";
import { averagePoolBackward, averagePoolForward, maxPoolBackward, maxPoolForward, type PoolSizes } from "../kernels/pool.js";
import { checkOptions } from "../options.js";
import { record } from "../tensor/tape.js";
import { empty, type Tensor } from "../tensor/tensor.js";
import { inF32 } from "./cast.js";
import { requireDType, requireRank, requireTensor } from "./checks.js";
import { outputExtents, pairOf, type Extent } from "./conv_window.js";

export interface Pool1dOptions {
  kernelSize: number;
  /** Step of the window. By default kernelSize. */
  stride?: number;
  /** Added on both sides, at most half the kernel. 0 by default. */
  padding?: number;
  /** Whether windows may reach past the end, as long as they start inside. False by default. */
  ceilMode?: boolean;
}

/** As Pool1dOptions, extents being a number or [y, x]. */
export interface Pool2dOptions {
  kernelSize: Extent;
  stride?: Extent;
  padding?: Extent;
  ceilMode?: boolean;
}

/** Options of `maxPool1d`. */
export interface MaxPool1dOptions extends Pool1dOptions {
  /** Distance of neighbouring elements of a window. 1 by default. */
  dilation?: number;
}

/** Options of `maxPool2d`. */
export interface MaxPool2dOptions extends Pool2dOptions {
  dilation?: Extent;
}

/** Options of `avgPool1d`. */
export interface AvgPool1dOptions extends Pool1dOptions {
  /** Whether zeros of the padding count in the mean. True by default. */
  countIncludePad?: boolean;
}

/** Options of `avgPool2d`. */
export interface AvgPool2dOptions extends Pool2dOptions {
  countIncludePad?: boolean;
}

/**
 * Largest element of each window along the last axis. The padding never wins; NaN always does.
 *
 * Shapes: x [batch, channels, length] -> y [batch, channels, floor((length + 2 padding - dilation (kernelSize - 1) - 1) / stride) + 1], f32.
 * Range:  kernelSize, stride, dilation >= 1 and 0 <= padding <= kernelSize / 2, whole numbers.
 * Throws: DTypeError unless f32; ShapeError if the window does not fit; UsageError for bad options.
 * Source: the gradient goes to the first of equal maxima.
 */
export function maxPool1d(x: Tensor, options: MaxPool1dOptions): Tensor {
  return maxPool("maxPool1d", 1, x, options);
}

/**
 * Largest element of each window of the last two axes. The padding never wins; NaN always does.
 *
 * Shapes: x [batch, channels, height, width] -> y [batch, channels, outHeight, outWidth], each as in maxPool1d, f32.
 * Range:  kernelSize, stride, dilation >= 1 and 0 <= padding <= kernelSize / 2, whole numbers or [y, x].
 * Throws: DTypeError unless f32; ShapeError if the window does not fit; UsageError for bad options.
 * Source: the gradient goes to the first of equal maxima, row by row.
 */
export function maxPool2d(x: Tensor, options: MaxPool2dOptions): Tensor {
  return maxPool("maxPool2d", 2, x, options);
}

/**
 * Mean of each window along the last axis.
 *
 * Shapes: x [batch, channels, length] -> y [batch, channels, floor((length + 2 padding - kernelSize) / stride) + 1], f32.
 * Range:  kernelSize, stride >= 1 and 0 <= padding <= kernelSize / 2, whole numbers.
 * Throws: DTypeError unless f32; ShapeError if the window does not fit; UsageError for bad options.
 * Source: divides by the elements of the window that lie in x or, with countIncludePad, in x and its padding.
 */
export function avgPool1d(x: Tensor, options: AvgPool1dOptions): Tensor {
  return avgPool("avgPool1d", 1, x, options);
}

/**
 * Mean of each window of the last two axes.
 *
 * Shapes: x [batch, channels, height, width] -> y [batch, channels, outHeight, outWidth], each as in avgPool1d, f32.
 * Range:  kernelSize, stride >= 1 and 0 <= padding <= kernelSize / 2, whole numbers or [y, x].
 * Throws: DTypeError unless f32; ShapeError if the window does not fit; UsageError for bad options.
 * Source: divides by the elements of the window that lie in x or, with countIncludePad, in x and its padding.
 */
export function avgPool2d(x: Tensor, options: AvgPool2dOptions): Tensor {
  return avgPool("avgPool2d", 2, x, options);
}

function maxPool(op: string, axes: 1 | 2, x: Tensor, options: MaxPool2dOptions): Tensor {
  requireTensor(op, "x", x);
  if (x.dtype === "f16") return inF32(x, (x) => maxPool(op, axes, x, options));
  checkOptions(op, options, ["kernelSize", "stride", "padding", "dilation", "ceilMode"]);
  const { sizes, yShape } = checkPool(op, axes, x, options, options?.dilation ?? 1);
  const y = empty(x.device, yShape);
  const index = empty(x.device, yShape, "u32", "maximum index");
  maxPoolForward(x.device, { x: x.buffer, y: y.buffer, index: index.buffer }, sizes);
  const { shape } = x;
  record({
    op,
    inputs: [x],
    output: y,
    saved: [index],
    vjp: (dy, [index]) => {
      const dx = empty(dy.device, shape);
      maxPoolBackward(dy.device, { dy: dy.buffer, index: index.buffer, dx: dx.buffer }, sizes);
      return [dx];
    },
  });
  // The tape, if any, keeps it alive.
  index.dispose();
  return y;
}

function avgPool(op: string, axes: 1 | 2, x: Tensor, options: AvgPool2dOptions): Tensor {
  requireTensor(op, "x", x);
  if (x.dtype === "f16") return inF32(x, (x) => avgPool(op, axes, x, options));
  checkOptions(op, options, ["kernelSize", "stride", "padding", "ceilMode", "countIncludePad"]);
  const { sizes, yShape } = checkPool(op, axes, x, options, 1);
  const countPadding = options.countIncludePad ?? true;
  const y = empty(x.device, yShape);
  averagePoolForward(x.device, { x: x.buffer, y: y.buffer }, sizes, countPadding);
  const { shape } = x;
  return record({
    op,
    inputs: [x],
    output: y,
    saved: [],
    vjp: (dy) => {
      const dx = empty(dy.device, shape);
      averagePoolBackward(dy.device, { dy: dy.buffer, dx: dx.buffer }, sizes, countPadding);
      return [dx];
    },
  });
}

function checkPool(op: string, axes: 1 | 2, x: Tensor, options: Pool2dOptions | undefined, dilated: Extent): { sizes: PoolSizes; yShape: number[] } {
  requireDType(op, "x", x, "f32", "f16");
  requireRank(op, "x", x, { exactly: axes + 2 });
  if (options?.kernelSize === undefined) throw new UsageError(`${op}: kernelSize must be given, got undefined`);
  const kernel = pairOf(op, "kernelSize", options.kernelSize, axes, 1, 1);
  const stride = options.stride === undefined ? kernel : pairOf(op, "stride", options.stride, axes, 1, 1);
  const padding = pairOf(op, "padding", options.padding ?? 0, axes, 0, 0);
  const dilation = pairOf(op, "dilation", dilated, axes, 1, 1);
  if (padding.some((pad, axis) => pad > kernel[axis]! / 2)) {
    throw new UsageError(`${op}: padding must be at most half of kernelSize, got ${padding.slice(-axes).join(" x ")} for ${kernel.slice(-axes).join(" x ")}; a window must not lie in the padding whole`);
  }
  const [batch, channels] = x.shape as [number, number];
  const [height, width] = axes === 2 ? [x.shape[2]!, x.shape[3]!] : [1, x.shape[2]!];
  const [out_height, out_width] = outputExtents(op, [height, width], { kernel, stride, padding, dilation }, options.ceilMode ?? false);
  return {
    sizes: {
      planes: batch * channels,
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
    },
    yShape: [batch, channels, ...(axes === 2 ? [out_height] : []), out_width],
  };
}
