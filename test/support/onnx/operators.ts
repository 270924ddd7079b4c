// How each ONNX operator is written with Kiln's ops. Semantics that ONNX and PyTorch share only.
import type { Device } from "../../../src/gpu/device.js";
import * as k from "../../../src/ops/index.js";
import type { Tensor } from "../../../src/tensor/tensor.js";
import { attentionOperators } from "./attention.js";
import { hostValues, type OnnxCase, type OnnxTensor } from "./cases.js";
import { lossOperators } from "./losses.js";
import { normOperators } from "./norms.js";
import { convOperators } from "./conv.js";
import { shapeOperators } from "./shapes.js";
import { optimizerOperators } from "./optimizers.js";

/** Thrown by an operator for a case that Kiln does not cover, with the reason. */
export class OutOfScope extends Error {}

export interface Context {
  device: Device;
  one: OnnxCase;
  /** Input i as a tensor: int64 and int8 as i32, bool as u32, float64 as f32. */
  x(index: number): Tensor;
  has(index: number): boolean;
  /** Input i as host numbers: shapes, axes, limits. */
  host(index: number): number[];
  attr<T = number>(name: string, fallback: NoInfer<T>): T;
}

/** Outputs in ONNX's order; null for one that is not compared. */
export type Operator = (context: Context) => (Tensor | null)[] | Promise<(Tensor | null)[]>;

const unary = (f: (x: Tensor) => Tensor): Operator => (c) => [f(c.x(0))];
const binary = (f: (a: Tensor, b: Tensor) => Tensor): Operator => (c) => [f(c.x(0), c.x(1))];
const variadic = (f: (a: Tensor, b: Tensor) => Tensor): Operator => (c) => [c.one.inputs.map((_, i) => c.x(i)).reduce(f)];

const elementwise: Record<string, Operator> = {
  Abs: unary(k.abs),
  Ceil: unary(k.ceil),
  Cos: unary(k.cos),
  Erf: unary(k.erf),
  Exp: unary(k.exp),
  Floor: unary(k.floor),
  IsInf: unary(k.isInf),
  IsNaN: unary(k.isNaN),
  Log: unary(k.log),
  Neg: unary(k.neg),
  Reciprocal: unary(k.reciprocal),
  Round: unary(k.round),
  Sign: unary(k.sign),
  Sin: unary(k.sin),
  Sqrt: unary(k.sqrt),
  Sigmoid: unary(k.sigmoid),
  Tanh: unary(k.tanh),
  Relu: unary(k.relu),
  Softplus: unary((x) => k.softplus(x)),
  Add: binary(k.add),
  Sub: binary(k.sub),
  Mul: binary(k.mul),
  Div: binary(k.div),
  Equal: binary(k.equal),
  Greater: binary(k.greater),
  GreaterOrEqual: binary(k.greaterEqual),
  Less: binary(k.less),
  LessOrEqual: binary(k.lessEqual),
  Max: variadic(k.maximum),
  Min: variadic(k.minimum),
  Sum: variadic(k.add),
  Pow: (c) => [k.pow(c.x(0), c.x(1).dtype === "f32" ? c.x(1) : k.cast(c.x(1), "f32"))],
  Where: (c) => [k.where(c.x(0), c.x(1), c.x(2))],
  Mean: (c) => [k.mul(c.one.inputs.map((_, i) => c.x(i)).reduce((a, b) => k.add(a, b)), 1 / c.one.inputs.length)],
  Clip: (c) => {
    if (c.x(0).dtype !== "f32") throw new OutOfScope("clamp is f32 only");
    const bound = (i: number) => (c.has(i) ? c.host(i)[0] : undefined);
    const [min, max] = [bound(1), bound(2)];
    if (min === undefined && max === undefined) return [c.x(0)];
    return [k.clamp(c.x(0), { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) })];
  },
  Elu: (c) => [k.elu(c.x(0), { alpha: c.attr("alpha", 1) })],
  LeakyRelu: (c) => [k.leakyRelu(c.x(0), { negativeSlope: c.attr("alpha", 0.01) })],
  Gelu: (c) => [k.gelu(c.x(0), { approximate: c.attr<"none" | "tanh">("approximate", "none") })],
  Swish: (c) => {
    const alpha = c.attr("alpha", 1);
    return [k.div(k.silu(k.mul(c.x(0), alpha)), alpha)];
  },
  // Compositions of Kiln's ops, as a user would write them.
  Selu: (c) => [k.mul(k.elu(c.x(0), { alpha: c.attr("alpha", 1.67326319217681884765625) }), c.attr("gamma", 1.05070102214813232421875))],
  Celu: (c) => {
    const alpha = c.attr("alpha", 1);
    return [k.mul(k.elu(k.div(c.x(0), alpha)), alpha)];
  },
  HardSigmoid: (c) => [k.clamp(k.add(k.mul(c.x(0), c.attr("alpha", 0.2)), c.attr("beta", 0.5)), { min: 0, max: 1 })],
  HardSwish: (c) => [k.mul(c.x(0), k.clamp(k.add(k.mul(c.x(0), 1 / 6), 0.5), { min: 0, max: 1 }))],
  PRelu: (c) => [k.add(k.relu(c.x(0)), k.mul(k.minimum(c.x(0), 0), c.x(1)))],
  Softsign: (c) => [k.div(c.x(0), k.add(k.abs(c.x(0)), 1))],
  ThresholdedRelu: (c) => [k.where(k.greater(c.x(0), c.attr("alpha", 1)), c.x(0), k.mul(c.x(0), 0))],
};

const products: Record<string, Operator> = {
  MatMul: binary((a, b) => k.matmul(a, b)),
  Gemm: (c) => {
    let y = k.matmul(c.x(0), c.x(1), { transposeA: c.attr("transA", 0) === 1, transposeB: c.attr("transB", 0) === 1 });
    if (c.attr("alpha", 1) !== 1) y = k.mul(y, c.attr("alpha", 1));
    if (!c.has(2)) return [y];
    return [k.add(y, c.attr("beta", 1) === 1 ? c.x(2) : k.mul(c.x(2), c.attr("beta", 1)))];
  },
  Einsum: () => {
    throw new OutOfScope("einsum is not an op of Kiln");
  },
  Softmax: (c) => [k.softmax(c.x(0), { axis: c.attr("axis", -1) })],
  LogSoftmax: (c) => [k.logSoftmax(c.x(0), { axis: c.attr("axis", -1) })],
};

export const operators: Record<string, Operator> = {
  ...elementwise,
  ...products,
  ...shapeOperators,
  ...normOperators,
  ...lossOperators,
  ...convOperators,
  ...attentionOperators,
  ...optimizerOperators,
};

const dtypes: Record<string, "f32" | "i32" | "u32"> = { float32: "f32", float64: "f32", int64: "i32", int32: "i32", int8: "i32", bool: "u32" };

export function contextOf(device: Device, one: OnnxCase): Context {
  const at = (index: number): OnnxTensor => {
    const input = one.inputs[index];
    if (!input) throw new Error(`${one.case}: no input ${index}`);
    return input;
  };
  const made = new Map<number, Tensor>();
  return {
    device,
    one,
    x(index) {
      const input = at(index);
      const dtype = dtypes[input.dtype];
      if (!dtype) throw new OutOfScope(`${input.dtype} is not a dtype of Kiln`);
      if (!made.has(index)) made.set(index, k.fromArray(device, hostValues(input), { shape: input.shape, dtype }));
      return made.get(index)!;
    },
    has: (index) => one.inputs[index] != null,
    host: (index) => hostValues(at(index)),
    attr: <T = number>(name: string, fallback: NoInfer<T>): T => (one.attrs[name] as T | undefined) ?? fallback,
  };
}

export function runOperator(context: Context): ReturnType<Operator> {
  const operator = operators[context.one.op];
  if (!operator) throw new OutOfScope(`${context.one.op} is not an op of Kiln`);
  return operator(context);
}
