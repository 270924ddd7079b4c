// Reads bindings, Params and constants out of a kernel's own WGSL, and makes its variants.
import { ShaderError } from "../errors.js";

/** A kernel's text, as a `.wgsl` import gives it. `name` is the file's stem. */
export interface Shader {
  readonly name: string;
  readonly code: string;
}

export type BindingKind = "read" | "read_write" | "uniform";

export interface Binding {
  readonly name: string;
  readonly index: number;
  readonly kind: BindingKind;
}

export type ScalarType = "u32" | "i32" | "f32";

export interface ParamField {
  readonly name: string;
  readonly type: ScalarType;
}

/** What makes one variant of a kernel. Every key must exist in its WGSL. */
export interface Specialisation {
  /** `override NAME` values, given to the pipeline. */
  constants?: Record<string, number | boolean>;
  /** Top-level `const NAME: T = value;` replaced in the text, where WGSL takes no override. */
  consts?: Record<string, number>;
  /** `alias NAME = T;` replaced in the text. */
  types?: Record<string, string>;
  /** Files whose functions replace those of the same name: a map kernel's `f` and `vjp`. */
  functions?: Shader | readonly Shader[];
}

export interface Reflection {
  readonly bindings: readonly Binding[];
  /** Fields of `struct Params`, 4 bytes each, in order. */
  readonly params: readonly ParamField[];
  readonly overrides: ReadonlySet<string>;
}

const reflections = new Map<string, Reflection>();

/** Bindings, Params and overrides of a kernel. Cached by text. */
export function reflect(shader: Shader): Reflection {
  const cached = reflections.get(shader.code);
  if (cached) return cached;
  const text = withoutComments(shader.code);
  const bindings: Binding[] = [];
  const pattern =
    /@group\(\s*0\s*\)\s*@binding\(\s*(\d+)\s*\)\s*var\s*<\s*(uniform|storage)\s*(?:,\s*(read_write|read)\s*)?>\s*(\w+)\s*:/g;
  for (const match of text.matchAll(pattern)) {
    const kind = match[2] === "uniform" ? "uniform" : match[3] === "read_write" ? "read_write" : "read";
    bindings.push({ name: match[4]!, index: Number(match[1]), kind });
  }
  const overrides = new Set([...text.matchAll(/\boverride\s+(\w+)/g)].map((match) => match[1]!));
  const reflection = { bindings, params: paramFields(shader.name, text), overrides };
  reflections.set(shader.code, reflection);
  return reflection;
}

function paramFields(name: string, text: string): ParamField[] {
  const struct = /struct\s+Params\s*\{([^}]*)\}/.exec(text);
  if (!struct) return [];
  return struct[1]!
    .split(",")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map((line) => {
      const field = /^(\w+)\s*:\s*(u32|i32|f32)$/.exec(line);
      if (!field) throw new ShaderError(`${name}.wgsl: Params holds 4-byte scalars only, got "${line}"`);
      return { name: field[1]!, type: field[2] as ScalarType };
    });
}

/** The WGSL text of one variant. */
export function specialise(shader: Shader, how: Specialisation): string {
  let code = shader.code;
  for (const [name, value] of Object.entries(how.consts ?? {})) {
    code = replaceOnce(shader, code, new RegExp(`(\\bconst\\s+${name}\\s*:\\s*\\w+\\s*=\\s*)[^;]+;`), "const", name, (head) => {
      const literal = wgslLiteral(head, value);
      if (literal === null) throw new ShaderError(`${shader.name}.wgsl: ${head.replace(/\s*=\s*$/, "")} cannot be ${value}`);
      return `${head}${literal};`;
    });
  }
  for (const [name, type] of Object.entries(how.types ?? {})) {
    if (!/^\w+(<[\w, ]+>)?$/.test(type)) throw new ShaderError(`${shader.name}.wgsl: alias ${name} needs the name of a type, got ${JSON.stringify(type)}`);
    code = replaceOnce(shader, code, new RegExp(`(\\balias\\s+${name}\\s*=\\s*)[^;]+;`), "alias", name, (head) => `${head}${type};`);
  }
  for (const donor of donorsOf(how)) code = replaceFunctions(shader, code, donor);
  const halves = Object.values(how.types ?? {}).some((type) => /^(f16|vec[234]h)$/.test(type));
  return enablesFirst(halves ? `enable f16;\n${code}` : code);
}

/** WGSL takes `enable` before all else only; the file that asks for a feature may have been appended. */
function enablesFirst(code: string): string {
  const enables = new Set<string>();
  const rest = code.replace(/^enable\s+\w+;/gm, (line) => (enables.add(line), ""));
  return [...enables, rest].join("\n");
}

function donorsOf({ functions }: Specialisation): readonly Shader[] {
  if (!functions) return [];
  return "code" in functions ? [functions] : functions;
}

/** Null for a number that the constant's type has not: it would not compile, or be another number. */
function wgslLiteral(head: string, value: number): string | null {
  const type = /:\s*(\w+)/.exec(head)?.[1];
  if (type === "u32") return value === value >>> 0 ? `${value}u` : null;
  // The minus is no part of a literal, and 2147483648i is none.
  if (type === "i32") return value === (value | 0) ? `${value}${value === -(2 ** 31) ? "" : "i"}` : null;
  if (!Number.isFinite(Math.fround(value))) return null;
  return /[.e]/.test(String(value)) ? `${value}` : `${value}.0`;
}

function replaceOnce(
  shader: Shader,
  code: string,
  pattern: RegExp,
  what: string,
  name: string,
  replacement: (head: string) => string,
): string {
  if (!pattern.test(code)) throw new ShaderError(`${shader.name}.wgsl: no ${what} named "${name}" to replace`);
  return code.replace(pattern, (_, head: string) => replacement(head));
}

/** Cuts out each function that `donor` defines too, and appends the donor's text. */
function replaceFunctions(shader: Shader, code: string, donor: Shader): string {
  let out = code;
  let replaced = 0;
  for (const match of withoutComments(donor.code).matchAll(/\bfn\s+(\w+)\s*\(/g)) {
    const span = functionSpan(out, match[1]!);
    if (!span) continue;
    out = out.slice(0, span.start) + out.slice(span.end);
    replaced++;
  }
  if (replaced === 0) {
    throw new ShaderError(`${shader.name}.wgsl: has none of the functions that ${donor.name}.wgsl defines`);
  }
  return `${out}\n${donor.code}`;
}

function functionSpan(code: string, name: string): { start: number; end: number } | null {
  const head = new RegExp(`^fn\\s+${name}\\s*\\(`, "m").exec(code);
  if (!head) return null;
  let depth = 0;
  for (let i = code.indexOf("{", head.index); i < code.length; i++) {
    if (code[i] === "{") depth++;
    if (code[i] === "}" && --depth === 0) return { start: head.index, end: i + 1 };
  }
  return null;
}

function withoutComments(code: string): string {
  return code.replace(/\/\/[^\n]*/g, "").replace(/\/\*[\s\S]*?\*\//g, "");
}

/** A name for the variant: pipeline label, cache key and first word of its errors. */
export function variantLabel(shader: Shader, how: Specialisation): string {
  const parts: string[] = [];
  for (const donor of donorsOf(how)) parts.push(donor.name);
  for (const record of [how.constants, how.consts, how.types]) {
    for (const [name, value] of Object.entries(record ?? {})) parts.push(`${name}=${value}`);
  }
  return parts.length === 0 ? shader.name : `${shader.name}[${parts.join(" ")}]`;
}
