// The choice of matrix units on described adapters, and the kernel in front of a compiler. No adapter at hand runs it:
// test/gpu/matmul_subgroup_matrix.test.ts does, with the matrix operations written out.
import { afterAll, describe, expect, it } from "vitest";
import { create } from "webgpu";
import shader from "../../shaders/matmul_subgroup_matrix.wgsl";
import type { SubgroupMatrix } from "../../src/gpu/adapter.js";
import { withHalfTypes } from "../../src/gpu/half_types.js";
import { specialise } from "../../src/gpu/shader_source.js";
import { finishVariant, type Finish } from "../../src/kernels/matmul_finish.js";
import { layoutOf, type MatmulSizes } from "../../src/kernels/matmul_layout.js";
import { planSubgroupMatrix, type MatrixUnits } from "../../src/kernels/subgroup_matrix.js";

const matrix = (operands: string, sums: string, m: number, n: number, k: number): SubgroupMatrix => ({ operands, sums, m, n, k });

/** As Dawn describes them. */
const adapters = {
  nvidia: {
    subgroupMaxSize: 32,
    invocations: 1024,
    subgroupMatrices: [matrix("f16", "f16", 16, 16, 16), matrix("f16", "f32", 16, 8, 8), matrix("f16", "f32", 16, 16, 16), matrix("f16", "f32", 16, 8, 16), matrix("u8", "u32", 16, 16, 32)],
  },
  apple: { subgroupMaxSize: 32, invocations: 1024, subgroupMatrices: [matrix("f32", "f32", 8, 8, 8), matrix("f16", "f16", 8, 8, 8)] },
  intel: { subgroupMaxSize: 32, invocations: 1024, subgroupMatrices: [matrix("f16", "f32", 8, 16, 16), matrix("f16", "f16", 8, 16, 16)] },
  large: { subgroupMaxSize: 128, invocations: 256, subgroupMatrices: [matrix("f16", "f32", 16, 16, 16)] },
  none: { subgroupMaxSize: 32, invocations: 1024, subgroupMatrices: [] },
} satisfies Record<string, MatrixUnits>;

const square: MatmulSizes = { m: 128, n: 64, k: 32 };
const plan = (units: MatrixUnits, halves: boolean, sizes: MatmulSizes = square) => planSubgroupMatrix(units, layoutOf(sizes), halves);

describe("choice of matrix units", () => {
  it("takes the largest matrices that sum in f32", () => {
    expect(plan(adapters.nvidia, true)).toEqual({
      rows: 64,
      cols: 64,
      how: {
        consts: { M: 16, N: 16, K: 16, SLICE: 32, OWNERS_M: 2, OWNERS_N: 2 },
        constants: { WORKGROUP: 128, A_ALONG_K: true, B_ALONG_K: false },
        types: { Staged: "f16" },
      },
    });
    expect(plan(adapters.intel, true)!.how.consts).toMatchObject({ M: 8, N: 16, K: 16 });
  });

  it("leaves f32 products alone where there are only f16 units, and takes f32 units for f16 where only those sum in f32", () => {
    expect(plan(adapters.nvidia, false)).toBeNull();
    expect(plan(adapters.apple, false)!.how.types).toEqual({ Staged: "f32" });
    expect(plan(adapters.apple, true)!.how).toMatchObject({ types: { Staged: "f32" }, consts: { M: 8, N: 8, K: 8, SLICE: 16 } });
    expect(plan(adapters.none, true)).toBeNull();
  });

  it("makes workgroups of whole subgroups, as many as fit", () => {
    expect(plan(adapters.large, true)).toMatchObject({ rows: 64, cols: 32, how: { constants: { WORKGROUP: 256 }, consts: { OWNERS_M: 2, OWNERS_N: 1 } } });
    expect(plan({ ...adapters.large, invocations: 128 }, true)).toMatchObject({ rows: 32, cols: 32, how: { constants: { WORKGROUP: 128 } } });
    expect(plan({ ...adapters.large, invocations: 64 }, true)).toBeNull();
  });

  it("needs operands in fours, whichever way they lie", () => {
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const how = plan(adapters.nvidia, true, { ...square, transposeA, transposeB })!.how;
        expect(how.constants).toMatchObject({ A_ALONG_K: !transposeA, B_ALONG_K: transposeB });
        expect(plan(adapters.nvidia, true, { m: 18, n: 20, k: 24, transposeA, transposeB }) === null).toBe(transposeA);
        expect(plan(adapters.nvidia, true, { m: 20, n: 18, k: 24, transposeA, transposeB }) === null).toBe(!transposeB);
        expect(plan(adapters.nvidia, true, { m: 20, n: 20, k: 22, transposeA, transposeB }) === null).toBe(!(transposeA && !transposeB));
      }
    }
    expect(plan(adapters.nvidia, true, { m: 12, n: 64, k: 64 })).toBeNull();
    expect(plan(adapters.nvidia, true, { ...square, batch: { extents: [2], a: [128 * 32], b: [2] } })).toBeNull();
  });
});

describe("the kernel", () => {
  // The null backend runs nothing, but offers every feature and compiles WGSL.
  const gpu = create(["backend=null", "enable-dawn-features=allow_unsafe_apis"]);
  let device: GPUDevice | null = null;
  afterAll(() => device?.destroy());

  const slice = { buffer: null as never, offset_bytes: 0, size_bytes: 16 };
  const variants: [string, MatrixUnits, MatmulSizes, Finish, boolean][] = [
    ["f16 16x16x16", adapters.nvidia, square, {}, true],
    ["f16 8x16x16, both transposed", adapters.intel, { ...square, transposeA: true, transposeB: true }, { rowSums: { to: slice } }, true],
    ["f32 8x8x8 with a gelu", adapters.apple, { ...square, transposeB: true }, { bias: slice, activation: "gelu", kept: slice, residual: slice }, false],
    ["wide subgroups", adapters.large, square, { accumulate: true }, true],
    ["columns not in fours", adapters.nvidia, { m: 32, n: 18, k: 32, transposeB: true }, {}, true],
  ];
  for (const [name, units, sizes, finish, halves] of variants) {
    it(`compiles: ${name}`, async () => {
      const adapter = (await gpu.requestAdapter())!;
      device ??= await adapter.requestDevice({
        requiredFeatures: ["chromium-experimental-subgroup-matrix" as GPUFeatureName, "shader-f16", "subgroups"],
        requiredLimits: { maxComputeInvocationsPerWorkgroup: 256 },
      });
      const { how } = plan(units, halves, sizes)!;
      const end = finishVariant(finish, sizes.n % 4 === 0);
      const half = { ...slice, half: true as const };
      const buffers = { a: halves ? half : slice, b: halves ? half : slice, y: slice };
      const variant = withHalfTypes(shader, { ...how, ...end, types: { ...how.types, ...end.types }, buffers });
      device.pushErrorScope("validation");
      const module = device.createShaderModule({ code: specialise(shader, variant) });
      // Here subgroups may be as large as 128.
      const constants = { A_ALONG_K: 1, B_ALONG_K: 0, FINISH: end.constants!.FINISH as number, WORKGROUP: 256 };
      for (const flipped of [0, 1]) {
        device.createComputePipeline({ layout: "auto", compute: { module, entryPoint: "main", constants: { ...constants, A_ALONG_K: flipped, B_ALONG_K: 1 - flipped } } });
      }
      expect((await device.popErrorScope())?.message ?? null).toBeNull();
    });
  }
});
