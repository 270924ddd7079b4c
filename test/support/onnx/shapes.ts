import * as k from "../../../src/ops/index.js";
import type { Tensor } from "../../../src/tensor/tensor.js";
import { OutOfScope, type Context, type Operator } from "./operators.js";

/** Axes of a reduction: the second input, or all. */
function reduceOptions(c: Context): { axis?: number[]; keepDims: boolean } {
  const keepDims = c.attr("keepdims", 1) === 1;
  return c.has(1) && c.host(1).length > 0 ? { axis: c.host(1), keepDims } : { keepDims };
}

function reduction(f: (x: Tensor, options: { axis?: number[]; keepDims: boolean }) => Tensor, ofNothing = true): Operator {
  return (c) => {
    if (!ofNothing && c.one.inputs[0]!.shape.includes(0)) throw new OutOfScope("the mean, max or min of nothing is an error in Kiln");
    if (c.one.inputs[0]!.dtype === "bool") throw new OutOfScope("reductions of bool");
    if (c.attr("noop_with_empty_axes", 0) === 1 && (!c.has(1) || c.host(1).length === 0)) throw new OutOfScope("noop_with_empty_axes");
    return [f(c.x(0), reduceOptions(c))];
  };
}

function arg(f: (x: Tensor, options: { axis: number; keepDims: boolean }) => Tensor): Operator {
  return (c) => {
    if (c.attr("select_last_index", 0) === 1) throw new OutOfScope("select_last_index: Kiln returns the first");
    return [f(c.x(0), { axis: c.attr("axis", 0), keepDims: c.attr("keepdims", 1) === 1 })];
  };
}

const reductions: Record<string, Operator> = {
  ReduceSum: reduction(k.sum),
  ReduceMean: reduction(k.mean, false),
  ReduceMax: reduction(k.max, false),
  ReduceMin: reduction(k.min, false),
  ReduceL1: reduction((x, options) => k.norm(x, { ...options, p: 1 })),
  ReduceL2: reduction((x, options) => k.norm(x, { ...options, p: 2 })),
  ReduceLogSum: reduction((x, options) => k.log(k.sum(x, options))),
  ReduceLogSumExp: reduction((x, options) => k.log(k.sum(k.exp(x), options))),
  ReduceSumSquare: reduction((x, options) => k.sum(k.mul(x, x), options)),
  ReduceProd: () => {
    throw new OutOfScope("prod is not an op of Kiln");
  },
  ArgMax: arg(k.argmax),
  ArgMin: arg(k.argmin),
  CumSum: () => {
    throw new OutOfScope("cumsum is not an op of Kiln");
  },
  TopK: () => {
    throw new OutOfScope("top_k is not an op of Kiln");
  },
};

/** ONNX marks a copied extent by 0. */
function reshapeTarget(c: Context): number[] {
  const allowZero = c.attr("allowzero", 0) === 1;
  return c.host(1).map((extent, axis) => (extent === 0 && !allowZero ? c.x(0).shape[axis]! : extent));
}

const movements: Record<string, Operator> = {
  Identity: (c) => [k.reshape(c.x(0), c.x(0).shape)],
  Concat: (c) => [k.concat(c.one.inputs.map((_, i) => c.x(i)), c.attr("axis", 0))],
  Transpose: (c) => [k.permute(c.x(0), c.attr("perm", c.x(0).shape.map((_, axis) => c.x(0).rank - 1 - axis)))],
  Reshape: (c) => [k.reshape(c.x(0), reshapeTarget(c))],
  Flatten: (c) => {
    const { shape, rank } = c.x(0);
    const axis = (c.attr("axis", 1) + rank) % Math.max(rank, 1);
    const rows = shape.slice(0, axis).reduce((a, b) => a * b, 1);
    return [k.reshape(c.x(0), [rows, c.x(0).size / rows])];
  },
  Squeeze: (c) => [k.squeeze(c.x(0), c.host(1)[0]!)],
  Unsqueeze: (c) => {
    const rank = c.x(0).rank + c.host(1).length;
    const axes = c.host(1).map((axis) => (axis + rank) % rank).sort((a, b) => a - b);
    return [axes.reduce((x, axis) => k.unsqueeze(x, axis), c.x(0))];
  },
  Expand: (c) => {
    // ONNX's target broadcasts both ways; Kiln's, as PyTorch's, names the result.
    const own = c.x(0).shape;
    const target = c.host(1);
    const rank = Math.max(own.length, target.length);
    const shape = Array.from({ length: rank }, (_, i) => Math.max(own[i - rank + own.length] ?? 1, target[i - rank + target.length] ?? 1));
    return [k.expand(c.x(0), shape)];
  },
  Slice: (c) => {
    const starts = c.host(1);
    const axes = c.has(3) ? c.host(3) : starts.map((_, i) => i);
    const steps = c.has(4) ? c.host(4) : starts.map(() => 1);
    if (steps.some((step) => step < 0)) throw new OutOfScope("negative steps: Kiln has flip");
    return [axes.reduce((x, axis, i) => k.slice(x, axis, starts[i]!, c.host(2)[i]!, steps[i]!), c.x(0))];
  },
  Split: (c) => {
    const axis = c.attr("axis", 0);
    const extent = c.x(0).shape.at(axis)!;
    const parts = c.attr("num_outputs", c.one.outputs.length);
    const each = Math.ceil(extent / parts);
    const equal = Array.from({ length: parts }, (_, i) => Math.max(0, Math.min(each, extent - i * each)));
    return k.split(c.x(0), c.has(1) ? c.host(1) : equal, axis);
  },
  Pad: (c) => {
    const rank = c.x(0).rank;
    const axes = (c.has(3) ? c.host(3) : c.x(0).shape.map((_, axis) => axis)).map((axis) => (axis + rank) % rank);
    const pads = c.host(1);
    const pairs = Array.from({ length: rank }, (): [number, number] => [0, 0]);
    axes.forEach((axis, i) => (pairs[axis] = [pads[i]!, pads[i + axes.length]!]));
    return [k.pad(c.x(0), pairs, { value: c.has(2) ? c.host(2)[0]! : 0 })];
  },
  Trilu: (c) => {
    const diagonal = c.has(1) ? c.host(1)[0]! : 0;
    return [c.attr("upper", 1) === 1 ? k.triu(c.x(0), { diagonal }) : k.tril(c.x(0), { diagonal })];
  },
  Range: (c) => [k.arange(c.device, c.host(1)[0]!, { start: c.host(0)[0]!, step: c.host(2)[0]! })],
  Tile: () => {
    throw new OutOfScope("tile is not an op of Kiln");
  },
  Gather: (c) => {
    const axis = c.attr("axis", 0);
    const index = c.x(1);
    if (c.host(1).some((i) => i < 0)) throw new OutOfScope("negative indices");
    const flat = k.indexSelect(c.x(0), axis, k.reshape(index, [index.size]));
    const { shape } = c.x(0);
    const at = (axis + shape.length) % shape.length;
    return [k.reshape(flat, [...shape.slice(0, at), ...index.shape, ...shape.slice(at + 1)])];
  },
  GatherElements: (c) => {
    if (c.host(1).some((i) => i < 0)) throw new OutOfScope("negative indices");
    return [k.gather(c.x(0), c.attr("axis", 0), c.x(1))];
  },
  GatherND: () => {
    throw new OutOfScope("gatherNd is not an op of Kiln");
  },
  OneHot: (c) => {
    const axis = c.attr("axis", -1);
    const classes = c.host(1)[0]!;
    const [off, on] = c.host(2) as [number, number];
    if (c.host(0).some((i) => i < 0)) throw new OutOfScope("negative indices");
    const index = c.x(0).dtype === "f32" ? k.cast(c.x(0), "i32") : c.x(0);
    const last = k.add(k.mul(k.oneHot(index, classes), on - off), off);
    const rank = last.rank;
    const target = (axis + rank) % rank;
    const order = Array.from({ length: rank - 1 }, (_, i) => i);
    order.splice(target, 0, rank - 1);
    const y = k.permute(last, order);
    return [c.one.outputs[0]!.dtype === "float32" ? y : k.cast(y, "i32")];
  },
  ScatterElements: () => {
    throw new OutOfScope("scatter is not an op of Kiln");
  },
  ScatterND: () => {
    throw new OutOfScope("scatterNd is not an op of Kiln");
  },
};

export const shapeOperators: Record<string, Operator> = { ...reductions, ...movements };
