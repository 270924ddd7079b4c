// Every case of every table in test/cases, for Node and for a page.
import * as attention from "../cases/attention.js";
import * as batchNorm from "../cases/batch_norm.js";
import * as binary from "../cases/binary.js";
import * as compare from "../cases/compare.js";
import * as conv from "../cases/conv.js";
import * as crossEntropy from "../cases/cross_entropy.js";
import * as dropout from "../cases/dropout.js";
import * as embedTokens from "../cases/embed_tokens.js";
import * as gather from "../cases/gather.js";
import * as layerNorm from "../cases/layer_norm.js";
import * as linear from "../cases/linear.js";
import * as matmul from "../cases/matmul.js";
import * as movement from "../cases/movement.js";
import * as pointwiseLoss from "../cases/pointwise_loss.js";
import * as pool from "../cases/pool.js";
import * as reductions from "../cases/reductions.js";
import * as softmax from "../cases/softmax.js";
import * as unary from "../cases/unary.js";
import * as where from "../cases/where.js";
import type { OpCase } from "./op_cases.js";

/** By the stem of their file. */
const modules: Record<string, object> = { attention, batch_norm: batchNorm, binary, compare, conv, cross_entropy: crossEntropy, dropout, embed_tokens: embedTokens, gather, layer_norm: layerNorm, linear, matmul, movement, pointwise_loss: pointwiseLoss, pool, reductions, softmax, unary, where };

/** By file. Those that need f16 are left out: SwiftShader has none. */
export const allCases: Readonly<Record<string, readonly OpCase[]>> = Object.fromEntries(
  // Bundlers order a module's exports each in their own way.
  Object.entries(modules).map(([file, exports]) => [file, Object.entries(exports).sort(byName).flatMap(([, value]) => casesIn(value)).filter((one) => !needsHalf(one))]),
);

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}

/** An export is a case, a table, or tables by name; or a function, which holds none. */
function casesIn(value: unknown): OpCase[] {
  if (typeof value !== "object" || value === null) return [];
  return "reference" in value && "inputs" in value ? [value as OpCase] : Object.values(value).flatMap(casesIn);
}

function needsHalf({ inputs, halfOutput }: OpCase): boolean {
  return halfOutput === true || inputs.some(({ dtype }) => dtype === "f16");
}
