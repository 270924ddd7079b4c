import { describe, expect, it } from "vitest";
import type { Slice } from "../../src/gpu/buffers.js";
import { withHalfTypes } from "../../src/gpu/half_types.js";
import { specialise } from "../../src/gpu/shader_source.js";

const slice: Slice = { buffer: null as never, offset_bytes: 0, size_bytes: 16 };
const half: Slice = { ...slice, half: true };
const shader = {
  name: "kernel",
  code: `
alias Element = f32;
alias StoredX = Element;
alias StoredRowSums = f32;
@group(0) @binding(0) var<storage, read> x: array<StoredX>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> row_sums: array<StoredRowSums>;
`,
};

describe("kernels over halves", () => {
  it("stay as they are without halves: the very same arguments", () => {
    const args = { buffers: { x: slice, w: slice } };
    expect(withHalfTypes(shader, args)).toBe(args);
  });

  it("get the binding's type at half the width of what it stands for, and the feature enabled first", () => {
    const { types } = withHalfTypes(shader, { buffers: { x: half, w: slice, row_sums: half } });
    expect(types).toEqual({ StoredX: "f16", StoredRowSums: "f16" });
    expect(withHalfTypes(shader, { buffers: { x: half }, types: { Element: "vec4f" } }).types).toEqual({ Element: "vec4f", StoredX: "vec4h" });
    const code = specialise(shader, { types: types! });
    expect(code.startsWith("enable f16;")).toBe(true);
    expect(code).toContain("alias StoredX = f16;");
    expect(specialise(shader, { types: { Element: "vec4f" } })).not.toContain("enable");
  });

  it("refuse halves for a binding without such a type, rather than read them as floats", () => {
    expect(() => withHalfTypes(shader, { buffers: { w: half } })).toThrow('kernel.wgsl: binding "w" takes no halves, its elements are StoredW; convert them first');
    const fixed = { name: "kernel", code: "alias StoredX = i32;" };
    expect(() => withHalfTypes(fixed, { buffers: { x: half } })).toThrow('kernel.wgsl: binding "x" takes no halves, its elements are i32; convert them first');
  });
});
