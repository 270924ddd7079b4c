// What an adapter makes of a case: output and gradients, and a digest of their bits. The same code in Node and in a page.
import { backward, scope, type Device, type Tensor } from "../../src/index.js";
import { fromArray } from "../../src/ops/creation.js";
import { allCases } from "./all_cases.js";
import { drawCotangent, drawInputs, isFloat } from "./case_inputs.js";
import type { OpCase } from "./op_cases.js";

/** By what it is: "output", "gradient of input 0". */
export type CaseValues = Record<string, number[]>;
/** SHA-256 of the bytes, or the error that the case threw. */
export type CaseDigests = Record<string, string>;

export async function digestCases(device: Device, file: string): Promise<CaseDigests[]> {
  const results: CaseDigests[] = [];
  for (const one of allCases[file]!) results.push(await digestsOf(device, one));
  return results;
}

export async function valuesOfCase(device: Device, file: string, position: number): Promise<CaseValues> {
  const values = await compute(device, allCases[file]![position]!);
  return Object.fromEntries(Object.entries(values).map(([what, data]) => [what, Array.from(data)]));
}

async function digestsOf(device: Device, one: OpCase): Promise<CaseDigests> {
  try {
    const values = await compute(device, one);
    return Object.fromEntries(await Promise.all(Object.entries(values).map(async ([what, data]) => [what, await sha256(data)] as const)));
  } catch (error) {
    return { error: String(error) };
  }
}

/** One forward and, where the case has gradients, one backward. */
async function compute(device: Device, one: OpCase): Promise<Record<string, Float32Array | Int32Array | Uint32Array>> {
  const differentiated = one.gradient !== false;
  const leaves = drawInputs(one).map(({ data, shape }, i) => {
    const { dtype = "f32", gradient = isFloat(dtype) } = one.inputs[i]!;
    return fromArray(device, data, { shape, dtype, requiresGrad: differentiated && gradient });
  });
  let output: Tensor | null = null;
  try {
    output = scope(() => {
      const y = one.run(leaves);
      const { shape, data } = differentiated ? drawCotangent(one, y.shape) : { shape: [], data: [] };
      if (differentiated) backward(y, { gradient: fromArray(device, data, { shape, dtype: y.dtype }) });
      return y;
    });
    const read = async (what: string, tensor: Tensor) => [what, await tensor.data()] as const;
    const gradients = leaves.flatMap(({ grad }, i) => (grad ? [read(`gradient of input ${i}`, grad)] : []));
    return Object.fromEntries(await Promise.all([read("output", output), ...gradients]));
  } finally {
    output?.dispose();
    for (const leaf of leaves) leaf.dispose();
  }
}

async function sha256(data: Float32Array | Int32Array | Uint32Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", data as BufferSource);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
