import { describe, expect, it } from "vitest";
import { ShaderError } from "../../src/errors.js";
import { reflect, specialise, variantLabel } from "../../src/gpu/shader_source.js";

const shader = {
  name: "demo",
  code: `
// struct Params { not: u32 } in a comment is not read
struct Params {
  rows: u32,
  eps: f32,
}
alias Element = f32;
const TILE: u32 = 4u;
override WORKGROUP: u32 = 64u;
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read_write> y: array<Element>;
@group(0) @binding(2) var<uniform> params: Params;
fn f(x: f32) -> f32 {
  if (x > 0.0) { return x; }
  return 0.0;
}
fn main() {}
`,
};

describe("reflect", () => {
  it("reads bindings, Params and overrides from the WGSL", () => {
    const { bindings, params, overrides } = reflect(shader);
    expect(bindings).toEqual([
      { name: "x", index: 0, kind: "read" },
      { name: "y", index: 1, kind: "read_write" },
      { name: "params", index: 2, kind: "uniform" },
    ]);
    expect(params).toEqual([
      { name: "rows", type: "u32" },
      { name: "eps", type: "f32" },
    ]);
    expect([...overrides]).toEqual(["WORKGROUP"]);
  });

  it("refuses Params fields that are not 4-byte scalars", () => {
    expect(() => reflect({ name: "bad", code: "struct Params { v: vec4f, }" })).toThrow("bad.wgsl: Params holds 4-byte scalars only");
  });
});

describe("specialise", () => {
  it("replaces constants, aliases and functions by name", () => {
    const donor = { name: "square", code: "fn f(x: f32) -> f32 {\n  return x * x;\n}" };
    const code = specialise(shader, { consts: { TILE: 8 }, types: { Element: "i32" }, functions: donor });
    expect(code).toContain("const TILE: u32 = 8u;");
    expect(code).toContain("alias Element = i32;");
    expect(code).toContain("return x * x;");
    expect(code.match(/fn f\(/g)).toHaveLength(1);
    expect(code).not.toContain("return 0.0;");
  });

  it("names what is missing", () => {
    expect(() => specialise(shader, { consts: { WIDTH: 1 } })).toThrow(new ShaderError('demo.wgsl: no const named "WIDTH" to replace'));
    expect(() => specialise(shader, { types: { Index: "u32" } })).toThrow('demo.wgsl: no alias named "Index" to replace');
    expect(() => specialise(shader, { functions: { name: "g", code: "fn g() {}" } })).toThrow("has none of the functions that g.wgsl defines");
  });

  it("puts what a donor enables before all else, once", () => {
    const donor = { name: "lanes", code: "// by subgroups\nenable subgroups;\nfn f(x: f32) -> f32 {\n  return subgroupAdd(x);\n}" };
    const other = { name: "other", code: "enable subgroups;\nfn main() {}" };
    const code = specialise(shader, { functions: [donor, other] });
    expect(code.startsWith("enable subgroups;\n")).toBe(true);
    expect(code.match(/enable/g)).toHaveLength(1);
  });

  it("refuses constants that their type has not, and spells all others as their type", () => {
    const typed = { name: "demo", code: "const U: u32 = 1u;\nconst I: i32 = 1i;\nconst F: f32 = 1.0;" };
    const refused: [string, number[]][] = [["U", [Infinity, NaN, -1, 1.5, 2 ** 32]], ["I", [-Infinity, 0.5, 2 ** 31, -(2 ** 31) - 1]], ["F", [NaN, Infinity, 1e39, -1e39]]];
    for (const [name, values] of refused) {
      for (const value of values) expect(() => specialise(typed, { consts: { [name]: value } })).toThrow(new ShaderError(`demo.wgsl: const ${name}: ${name.toLowerCase()}32 cannot be ${value}`));
    }
    const spelt: [string, number, string][] = [["U", 2 ** 32 - 1, "4294967295u"], ["I", -(2 ** 31), "-2147483648"], ["F", 2, "2.0"], ["F", -0.5, "-0.5"], ["F", 1e21, "1e+21"], ["F", 1e-7, "1e-7"]];
    for (const [name, value, text] of spelt) expect(specialise(typed, { consts: { [name]: value } })).toContain(`const ${name}: ${name.toLowerCase()}32 = ${text};`);
  });

  it("refuses types that are more than a name", () => {
    for (const type of ["f32; fn evil() {}", "", "f32 ", "vec4<f32>;", "f32\n"]) expect(() => specialise(shader, { types: { Element: type } }), type).toThrow("alias Element needs the name of a type");
    expect(specialise(shader, { types: { Element: "vec4<f32>" } })).toContain("alias Element = vec4<f32>;");
  });
});

describe("variantLabel", () => {
  it("tells variants apart", () => {
    expect(variantLabel(shader, {})).toBe("demo");
    expect(variantLabel(shader, { constants: { WORKGROUP: 8 }, types: { Element: "i32" } })).toBe("demo[WORKGROUP=8 Element=i32]");
  });
});
