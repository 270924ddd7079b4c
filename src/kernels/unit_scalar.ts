// Numbers in [0, 1] that either the host knows at launch, or the GPU rewrites between steps (lib/unit_scalar.wgsl).
import { asWords, type Slice } from "../gpu/buffers.js";

/** The number, or the slice whose first element is it. */
export type UnitScalar = number | Slice;

/** The Params field: below 0 the kernel reads the binding. */
export function givenScalar(scalar: UnitScalar): number {
  return typeof scalar === "number" ? scalar : -1;
}

/** The uniform binding. Where the number is given it is not used, and takes any slice that the dispatch only reads. */
export function heldScalar(scalar: UnitScalar, unused: Slice): Slice {
  return { ...asWords(typeof scalar === "number" ? unused : scalar), size_bytes: 16 };
}
