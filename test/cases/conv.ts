import { conv1d, conv2d } from "../../src/ops/conv.js";
import { eachIndex, flatIndex, nd, type Nd } from "../support/nd.js";
import type { OpCase } from "../support/op_cases.js";

type Pair = [number, number];

interface Geometry {
  stride?: number | Pair;
  padding?: number | Pair;
  dilation?: number | Pair;
  groups?: number;
}

const pair = (value: number | Pair | undefined, otherwise: number): Pair => (Array.isArray(value) ? value : [value ?? otherwise, value ?? otherwise]);

/** Convolution over the last two axes, straight from its definition on a zero-padded copy of x. */
function reference2d(x: Nd, weight: Nd, bias: Nd | undefined, { stride, padding, dilation, groups = 1 }: Geometry): Nd {
  const [strideY, strideX] = pair(stride, 1);
  const [padY, padX] = pair(padding, 0);
  const [stepY, stepX] = pair(dilation, 1);
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const [outputs, perGroup, kernelY, kernelX] = weight.shape as [number, number, number, number];
  const padded = nd([batch, channels, height + 2 * padY, width + 2 * padX], () => 0);
  eachIndex(x.shape, ([b, c, v, u], flat) => (padded.data[flatIndex(padded.shape, [b!, c!, v! + padY, u! + padX])] = x.data[flat]!));
  const outY = Math.floor((padded.shape[2]! - stepY * (kernelY - 1) - 1) / strideY) + 1;
  const outX = Math.floor((padded.shape[3]! - stepX * (kernelX - 1) - 1) / strideX) + 1;
  const y = nd([batch, outputs, outY, outX], () => 0);
  eachIndex(y.shape, ([b, o, v, u], flat) => {
    const firstChannel = Math.floor(o! / (outputs / groups)) * perGroup;
    let sum = bias ? bias.data[o!]! : 0;
    eachIndex([perGroup, kernelY, kernelX], ([i, j, k]) => {
      const at = flatIndex(padded.shape, [b!, firstChannel + i!, v! * strideY + j! * stepY, u! * strideX + k! * stepX]);
      sum += weight.data[flatIndex(weight.shape, [o!, i!, j!, k!])]! * padded.data[at]!;
    });
    y.data[flat] = sum;
  });
  return y;
}

const raise = (x: Nd): Nd => nd([x.shape[0]!, x.shape[1]!, 1, x.shape[2]!], x.data);

function reference1d(x: Nd, weight: Nd, bias: Nd | undefined, { stride = 1, padding = 0, dilation = 1, groups = 1 }: Geometry): Nd {
  const flat = (value: number | Pair, otherwise: number): Pair => [otherwise, value as number];
  const y = reference2d(raise(x), raise(weight), bias, { stride: flat(stride, 1), padding: flat(padding, 0), dilation: flat(dilation, 1), groups });
  return nd([y.shape[0]!, y.shape[1]!, y.shape[3]!], y.data);
}

function convCase(x: readonly number[], weight: readonly number[], bias: boolean, geometry: Geometry = {}, gradient = true): OpCase {
  const two = x.length === 4;
  return {
    name: `conv${two ? 2 : 1}d [${x}] * [${weight}]${bias ? " + bias" : ""} ${JSON.stringify(geometry)}`,
    inputs: [{ shape: x }, { shape: weight }, ...(bias ? [{ shape: [weight[0]!] }] : [])],
    run: ([x, weight, bias]) => (two ? conv2d(x!, weight!, bias ?? null, geometry) : conv1d(x!, weight!, bias ?? null, geometry as { stride?: number })),
    reference: ([x, weight, bias]) => (two ? reference2d : reference1d)(x!, weight!, bias, geometry),
    tolerance: "matmul",
    gradient,
  };
}

export const convCases: OpCase[] = [
  convCase([1, 1, 1], [1, 1, 1], true),
  convCase([2, 3, 7], [4, 3, 3], true),
  convCase([1, 2, 9], [5, 2, 4], false, { stride: 2, padding: 3 }),
  convCase([3, 4, 11], [6, 2, 3], true, { dilation: 3, padding: 2, groups: 2 }),
  convCase([1, 1, 1, 1], [1, 1, 1, 1], true),
  convCase([1, 1, 4, 4], [1, 1, 4, 4], false),
  convCase([2, 3, 5, 6], [4, 3, 3, 3], true, { padding: 1 }),
  convCase([1, 5, 6, 5], [7, 5, 2, 3], true, { stride: [2, 1], padding: [1, 0] }),
  convCase([1, 4, 7, 8], [4, 4, 3, 2], false, { dilation: [2, 3], padding: [0, 2] }),
  convCase([2, 4, 6, 6], [8, 2, 3, 3], true, { groups: 2, stride: 2, padding: 1 }),
  convCase([1, 5, 5, 5], [5, 1, 3, 3], true, { groups: 5, padding: 1 }),
  convCase([1, 3, 5, 5], [6, 1, 2, 2], false, { groups: 3 }),
  // Strides that skip inputs, and a kernel larger than x that the padding makes room for.
  convCase([1, 2, 8, 9], [3, 2, 2, 1], true, { stride: [3, 4] }),
  convCase([1, 1, 2, 3], [2, 1, 5, 4], true, { padding: [2, 1] }),
  // Several chunks of rows in the weight's gradient.
  convCase([5, 2, 9, 3], [2, 2, 3, 3], true, { padding: 1 }),
  convCase([4, 8, 14, 14], [16, 8, 3, 3], true, { padding: 1 }, false),
  convCase([4 * 65536, 1, 16], [1, 1, 1], false, {}, false),
];

export const emptyBatchCases: OpCase[] = [[0, 2, 5, 5]].map((shape) => ({ ...convCase(shape, [3, 2, 3, 3], true), zeroGradient: true }));
