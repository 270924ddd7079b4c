import * as k from "../../../src/ops/index.js";
import type { Tensor } from "../../../src/tensor/tensor.js";
import { OutOfScope, type Context, type Operator } from "./operators.js";

/** [top, left, bottom, right]; the input is padded first where the two sides differ. */
function symmetricPadding(c: Context, spatial: number): number[] {
  const pads = c.attr<number[]>("pads", new Array<number>(2 * spatial).fill(0));
  if (c.attr<string>("auto_pad", "NOTSET") !== "NOTSET") throw new OutOfScope("auto_pad: give padding in numbers");
  const before = pads.slice(0, spatial);
  if (before.some((pad, i) => pad !== pads[i + spatial])) throw new OutOfScope("asymmetric padding: pad() first");
  return before;
}

type Pair = [number, number];

function pool(one: (x: Tensor, options: never) => Tensor, two: (x: Tensor, options: never) => Tensor, extra: (c: Context) => object): Operator {
  return (c) => {
    const spatial = c.x(0).rank - 2;
    const kernelSize = c.attr<number[]>("kernel_shape", []);
    const options = {
      kernelSize,
      stride: c.attr<number[]>("strides", new Array<number>(spatial).fill(1)),
      padding: symmetricPadding(c, spatial),
      ...extra(c),
    };
    if (options.padding.some((pad, i) => pad > kernelSize[i]! / 2)) throw new OutOfScope("padding over half the kernel, refused as in PyTorch");
    if (spatial === 1) {
      return [one(c.x(0), { ...options, kernelSize: kernelSize[0], stride: options.stride[0], padding: options.padding[0] } as never)];
    }
    return [two(c.x(0), options as never), null];
  };
}

export const convOperators: Record<string, Operator> = {
  Conv: (c) =>
    [
      k.conv2d(c.x(0), c.x(1), c.has(2) ? c.x(2) : null, {
        stride: c.attr<Pair>("strides", [1, 1]),
        padding: symmetricPadding(c, 2) as Pair,
        dilation: c.attr<Pair>("dilations", [1, 1]),
        groups: c.attr("group", 1),
      }),
    ],
  ConvTranspose: () => {
    throw new OutOfScope("transposed convolution is not an op of Kiln");
  },
  MaxPool: pool(k.maxPool1d as never, k.maxPool2d as never, () => ({})),
  AveragePool: pool(k.avgPool1d as never, k.avgPool2d as never, (c) => ({ countIncludePad: c.attr("count_include_pad", 0) === 1 })),
  GlobalAveragePool: (c) => [k.mean(c.x(0), { axis: [2, 3], keepDims: true })],
  GlobalMaxPool: (c) => [k.max(c.x(0), { axis: [2, 3], keepDims: true })],
};
