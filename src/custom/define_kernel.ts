import { ShaderError, UsageError } from "../errors.js";
import { reflect } from "../gpu/shader_source.js";
import { Kernel } from "./kernel.js";

/**
 * A kernel of your own, from WGSL text with one entry point `main`. Everything about it is read from the WGSL: bindings in
 * group 0, which `launch` takes by their names; at most one uniform, `params: Params`, a struct of u32, i32 and f32
 * fields; and `override` constants.
 *
 * Shapes: a binding is an `array<f32>` (or i32, u32, vec4f, ...) over a tensor's elements, row-major, with `read` or
 *         `read_write` access. A tensor from `emptyLike` holds garbage: write every element.
 * Range:  8 storage bindings, 256 invocations a workgroup, 16 KiB of workgroup memory are there on every adapter. A
 *         count of workgroups past 65,535 becomes two dimensions: the workgroup's number is then
 *         `workgroup.x + workgroup.y * workgroups.x`, and what lies past the end must be left out.
 * Throws: UsageError without a name or text; ShaderError for a text without `main` or without bindings, and for a `Params` with other types.
 */
export function defineKernel(name: string, wgsl: string): Kernel {
  if (typeof name !== "string" || !/^\w+$/.test(name)) throw new UsageError(`defineKernel: name must be one word, got ${JSON.stringify(name)}`);
  if (typeof wgsl !== "string") throw new UsageError(`defineKernel: ${name} needs its WGSL as text, got ${typeof wgsl}`);
  const shader = { name, code: wgsl };
  if (!/\bfn\s+main\s*\(/.test(wgsl)) throw new ShaderError(`${name}.wgsl: has no function main`);
  if (reflect(shader).bindings.length === 0) throw new ShaderError(`${name}.wgsl: has no binding in group 0`);
  return new Kernel(shader);
}
