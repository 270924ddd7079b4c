// Operations that every engine does alike, with their inputs and what they cost at least.
import { Generator } from "../../tensor/random.js";
import { randomArray, randomIndices, type HostArray, type HostIndices } from "./host.js";

/** Sizes of an operation. Backward computes the forward too, and gradients of all float inputs for the cotangent dy. */
export type KernelShape =
  | { op: "matmul"; m: number; n: number; k: number; transposeA: boolean; transposeB: boolean; backward: false }
  | { op: "layerNorm"; rows: number; width: number; backward: boolean }
  | { op: "batchNorm"; rows: number; channels: number; backward: boolean }
  | { op: "crossEntropy"; rows: number; classes: number; backward: boolean }
  | { op: "attention"; batch: number; heads: number; seq: number; headDim: number; backward: boolean }
  | { op: "embedding"; vocab: number; width: number; rows: number; backward: boolean }
  | { op: "dropout"; size: number; p: number; backward: boolean };

export type KernelOp = KernelShape["op"];

/** By name, in the order in which gradients are asked for. */
export interface KernelSpec {
  readonly shape: KernelShape;
  readonly inputs: Readonly<Record<string, HostArray>>;
  readonly indices: HostIndices | null;
  /** Of the output; null in forward, and for a scalar output. */
  readonly dy: HostArray | null;
}

/** The inputs, the same for the same shape. */
export function kernelSpec(shape: KernelShape): KernelSpec {
  const generator = new Generator(1);
  const array = (...extents: number[]) => randomArray(generator, extents);
  const { backward } = shape;
  const spec = (inputs: Record<string, HostArray>, output: readonly number[] | null, indices: HostIndices | null = null): KernelSpec => ({
    shape,
    inputs,
    indices,
    dy: backward && output ? randomArray(generator, output) : null,
  });
  switch (shape.op) {
    case "matmul": {
      const { m, n, k, transposeA, transposeB } = shape;
      return spec({ a: transposeA ? array(k, m) : array(m, k), b: transposeB ? array(n, k) : array(k, n) }, null);
    }
    case "layerNorm":
      return spec({ x: array(shape.rows, shape.width), weight: array(shape.width), bias: array(shape.width) }, [shape.rows, shape.width]);
    case "batchNorm":
      return spec({ x: array(shape.rows, shape.channels), weight: array(shape.channels), bias: array(shape.channels) }, [shape.rows, shape.channels]);
    case "crossEntropy":
      return spec({ logits: array(shape.rows, shape.classes) }, null, randomIndices(generator, [shape.rows], shape.classes));
    case "attention": {
      const extents = [shape.batch, shape.heads, shape.seq, shape.headDim];
      return spec({ q: array(...extents), k: array(...extents), v: array(...extents) }, extents);
    }
    case "embedding":
      return spec({ weight: array(shape.vocab, shape.width) }, [shape.rows, shape.width], randomIndices(generator, [shape.rows], shape.vocab));
    case "dropout":
      return spec({ x: array(shape.size) }, [shape.size]);
  }
}

export interface Cost {
  flops: number;
  /** Read and written at least once, by kernels that keep nothing but a row on chip. */
  bytes: number;
}

export function costOf(shape: KernelShape): Cost {
  const forwardOr = (forward: number, both: number) => (shape.backward ? both : forward);
  switch (shape.op) {
    case "matmul": {
      const { m, n, k } = shape;
      return { flops: 2 * m * n * k, bytes: 4 * (m * k + k * n + m * n) };
    }
    // x to y; then x and dy to dx.
    case "layerNorm":
      return { flops: 0, bytes: forwardOr(8, 20) * shape.rows * shape.width };
    // x for the statistics and again for y; then x and dy twice in the same way, and dx.
    case "batchNorm":
      return { flops: 0, bytes: forwardOr(12, 32) * shape.rows * shape.channels };
    // Logits; then logits again, and their gradient.
    case "crossEntropy":
      return { flops: 0, bytes: forwardOr(4, 12) * shape.rows * shape.classes };
    // Two products of the causal half; backward five.
    case "attention": {
      const { batch, heads, seq, headDim } = shape;
      const product = batch * heads * seq * (seq + 1) * headDim;
      return { flops: forwardOr(2, 7) * product, bytes: forwardOr(16, 48) * batch * heads * seq * headDim };
    }
    // Rows out; then dy, and every row of the table's gradient.
    case "embedding":
      return { flops: 0, bytes: 8 * shape.rows * shape.width + forwardOr(0, 4 * (shape.rows + shape.vocab) * shape.width) };
    case "dropout":
      return { flops: 0, bytes: forwardOr(8, 16) * shape.size };
  }
}

/** "[768,128] x [384,128]T", "[4096,384]". */
export function shapeText(shape: KernelShape): string {
  switch (shape.op) {
    case "matmul": {
      const { m, n, k, transposeA, transposeB } = shape;
      return `${transposeA ? `[${k},${m}]T` : `[${m},${k}]`} x ${transposeB ? `[${n},${k}]T` : `[${k},${n}]`}`;
    }
    case "layerNorm":
      return `[${shape.rows},${shape.width}]`;
    case "batchNorm":
      return `[${shape.rows},${shape.channels}]`;
    case "crossEntropy":
      return `[${shape.rows},${shape.classes}]`;
    case "attention":
      return `[${shape.batch},${shape.heads},${shape.seq},${shape.headDim}] causal`;
    case "embedding":
      return `[${shape.rows}] of [${shape.vocab},${shape.width}]`;
    case "dropout":
      return `[${shape.size}] p ${shape.p}`;
  }
}
