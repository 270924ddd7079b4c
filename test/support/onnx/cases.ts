// The ONNX backend test suite, converted to JSON: one operator, its attributes, inputs and expected outputs a case.
import { readSharedText } from "../shared_data.js";

export interface OnnxTensor {
  name: string;
  dtype: string;
  shape: number[];
  data: (number | string)[];
}

export interface OnnxCase {
  case: string;
  op: string;
  attrs: Record<string, unknown>;
  inputs: (OnnxTensor | null)[];
  outputs: (OnnxTensor | null)[];
}

export const onnxFiles = [
  "activations",
  "attention",
  "batchnorm_groupnorm_instancenorm",
  "conv_pool",
  "cross_entropy",
  "dropout",
  "elementwise",
  "gather_scatter_onehot",
  "layernorm_rmsnorm",
  "matmul_gemm",
  "optimizers",
  "reduce",
  "rotary_embedding",
  "shape",
  "softmax",
] as const;

export function readOnnxCases(file: string): OnnxCase[] | null {
  const text = readSharedText(`onnx/${file}.json`);
  return text === null ? null : (JSON.parse(text) as OnnxCase[]);
}

export function hostValues(tensor: OnnxTensor): number[] {
  return tensor.data.map(Number); // "NaN", "Infinity" and true/false included
}
