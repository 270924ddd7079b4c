// Kernels over halves. A kernel that can take a binding `x` in either width gives its elements a type of their own,
// `alias StoredX = f32;`, and converts where it loads and stores. What a launch is given decides, so that nobody has
// to say it twice; and halves given to a kernel that cannot take them are an error, not noise.
import { ShaderError } from "../errors.js";
import type { Slice } from "./buffers.js";
import type { Shader, Specialisation } from "./shader_source.js";

/** What a stored type becomes. Kernels that move bits declare u32. */
const halves: Record<string, string> = { f32: "f16", u32: "f16", vec2f: "vec2h", vec2u: "vec2h", vec4f: "vec4h", vec4u: "vec4h" };

/** The variant for these buffers: unchanged where none holds halves. */
export function withHalfTypes<A extends Specialisation & { buffers: Record<string, Slice> }>(shader: Shader, args: A): A & Pick<Specialisation, "types"> {
  const names = Object.keys(args.buffers).filter((name) => args.buffers[name]!.half);
  if (names.length === 0) return args;
  const types: Record<string, string> = { ...args.types };
  for (const name of names) types[aliasOf(name)] = halfOf(shader, name, args.types ?? {});
  return { ...args, types };
}

function aliasOf(binding: string): string {
  return `Stored${binding.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase())}`;
}

/** Follows the alias to what it stands for in this variant. */
function halfOf(shader: Shader, binding: string, types: Readonly<Record<string, string>>): string {
  let type = aliasOf(binding);
  for (let steps = 0; steps < 4 && !halves[type]; steps++) {
    const next = types[type] ?? new RegExp(`\\balias\\s+${type}\\s*=\\s*([^;]+);`).exec(shader.code)?.[1]?.trim();
    if (next === undefined) break;
    type = next;
  }
  const half = halves[type];
  if (!half) throw new ShaderError(`${shader.name}.wgsl: binding "${binding}" takes no halves, its elements are ${type}; convert them first`);
  return half;
}
