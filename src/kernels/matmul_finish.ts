// What becomes of the sums of a matrix product before they are stored: shaders/lib/matmul_finish.wgsl.
import finishVec4Shader from "../../shaders/lib/matmul_finish_vec4.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { LaunchArguments } from "../gpu/launch.js";
import type { Shader, Specialisation } from "../gpu/shader_source.js";
import { dropoutParams, dropoutVarying, type DropoutKey } from "./dropout.js";
import { unaryFunctions } from "./map_functions.js";
import { heldScalar } from "./unit_scalar.js";
import { unread } from "./unused.js";

/** Activations that a product can end with, and what their vjp reads: the input, or the output. */
export const fusedActivations = { gelu: "x", geluTanh: "x", silu: "x", relu: "y", sigmoid: "y", tanh: "y" } as const;

export type FusedActivation = keyof typeof fusedActivations;

/** Applied in this order. All slices have y's shape where nothing else is said. */
export interface Finish {
  /** [n], added to every row. */
  bias?: Slice;
  activation?: FusedActivation;
  /** Gets what the activation's vjp reads. */
  kept?: Slice;
  /** Multiplies by the activation's slope, given what the forward kept. Not together with a residual. */
  slope?: { activation: FusedActivation; kept: Slice };
  dropout?: DropoutKey;
  residual?: Slice;
  /** Adds to what y holds already. */
  accumulate?: boolean;
  /** [m] for each batch: gets the sums over k of a's rows, or has them added. In a TN product they are column sums of what is stored as a. */
  rowSums?: { to: Slice; accumulate?: boolean };
}

/** The bits of FINISH. */
const parts = { bias: 1, activation: 2, slope: 4, keepsInput: 8, keepsOutput: 16, dropout: 32, residual: 64, accumulate: 128 };

function partsOf({ bias, activation, kept, slope, dropout, residual, accumulate }: Finish): number {
  const keeps = activation && kept ? (fusedActivations[activation] === "x" ? parts.keepsInput : parts.keepsOutput) : 0;
  return (
    (bias ? parts.bias : 0) |
    (activation ? parts.activation : 0) |
    (slope ? parts.slope : 0) |
    keeps |
    (dropout ? parts.dropout : 0) |
    (residual ? parts.residual : 0) |
    (accumulate ? parts.accumulate : 0)
  );
}

/** The variant of a kernel that ends so; `fours` where n is a multiple of 4. */
export function finishVariant(finish: Finish, fours: boolean): Specialisation {
  const activation = finish.activation ?? finish.slope?.activation;
  const functions: Shader[] = [...(activation ? [unaryFunctions[activation]] : []), ...(fours ? [finishVec4Shader] : [])];
  return { constants: { FINISH: partsOf(finish) }, functions, ...(fours ? { types: { Output: "vec4f" } } : {}) };
}

/** Whether a sum must be complete for this: it cannot be done to parts of k. */
export function needsWholeSums(finish: Finish): boolean {
  return partsOf(finish) !== 0 || finish.rowSums !== undefined;
}

/** Bytes of the memory that stands in for the outputs that are not wanted. */
export const unusedBytes = 512;

/**
 * Buffers and Params. A binding needs a buffer also where it is not used: `a` stands in for what is read, the two
 * halves of `unused` for what is written.
 */
export function finishArguments(finish: Finish, a: Slice, unused: Slice): Required<Pick<LaunchArguments, "buffers" | "params">> & Pick<LaunchArguments, "varying"> {
  const { bias, kept, slope, dropout, residual, rowSums } = finish;
  const half = unusedBytes / 2;
  return {
    buffers: {
      bias: bias ?? unread(a),
      beside: slope?.kept ?? residual ?? unread(a),
      kept: kept ?? { ...unused, size_bytes: half },
      row_sums: rowSums?.to ?? { ...unused, offset_bytes: unused.offset_bytes + half, size_bytes: half },
      held_rate: heldScalar(dropout?.p ?? 0, a),
    },
    params: { sums_rows: rowSums ? (rowSums.accumulate ? 2 : 1) : 0, ...(dropout ? dropoutParams(dropout) : { rate: 0, stream: 0, draw: 0, seed: 0 }) },
    varying: dropout && dropoutVarying(dropout),
  };
}
