// The kernel for matrix units, on adapters that have none: with its matrix operations written out, and described units.
// That it compiles with the real operations is tested in test/pure/subgroup_matrix.test.ts; hardware has not run it.
import { describe, expect, it, vi } from "vitest";
import type { SubgroupMatrix } from "../../src/gpu/adapter.js";
import type { Device } from "../../src/gpu/device.js";
import type { Shader } from "../../src/gpu/shader_source.js";
import { matmul as multiply, type Finish } from "../../src/kernels/matmul.js";
import { fromArray, zeros } from "../../src/ops/creation.js";
import type { DType } from "../../src/tensor/dtype.js";
import { scope } from "../../src/tensor/scope.js";
import { empty, type Tensor } from "../../src/tensor/tensor.js";
import { matmulReference } from "../cases/matmul.js";
import { testDevice } from "../support/device.js";
import { itInHalf } from "../support/half.js";
import { nd, roundToHalf, testRandom, type Nd } from "../support/nd.js";
import { compare } from "../support/tolerances.js";

vi.mock("../../shaders/matmul_subgroup_matrix.wgsl", async (original) => {
  const { emulated } = await import("../support/emulated_subgroup_matrix.js");
  return { default: emulated(((await original()) as { default: Shader }).default) };
});

/** The same device, seen as a GPU with these units. Subgroups may be `times` smaller than it says they can be. */
function withUnits(device: Device, unit: SubgroupMatrix, times: number): Device {
  const adapter = { ...device.adapter, class: "gpu-subgroup", subgroupMatrices: [unit], subgroupMaxSize: device.adapter.subgroupMaxSize * times };
  return Object.create(device, { adapter: { value: adapter } }) as Device;
}

const units = {
  "f32 8x8x8": { operands: "f32", sums: "f32", m: 8, n: 8, k: 8 },
  "f32 16x8x4": { operands: "f32", sums: "f32", m: 16, n: 8, k: 4 },
} satisfies Record<string, SubgroupMatrix>;

const draw = (seed: number, shape: number[], round: (value: number) => number): Nd => {
  const random = testRandom(seed);
  return nd(shape, () => round(random.normal()));
};

interface Case {
  m: number;
  n: number;
  k: number;
  batch?: number;
  transposeA?: boolean;
  transposeB?: boolean;
}

/** Below, at and above tiles of 32 and 64, several tiles, several batches, k within and across slices. */
const cases: Case[] = [
  { m: 16, n: 16, k: 4 },
  { m: 64, n: 64, k: 32 },
  { m: 60, n: 68, k: 36, transposeB: true },
  { m: 132, n: 20, k: 100, transposeA: true, batch: 2 },
];

async function run(device: Device, unit: SubgroupMatrix, times: number, { m, n, k, batch = 1, ...flags }: Case, types: [DType, DType, DType], finish: (upload: (x: Nd) => Tensor) => Finish = () => ({})): Promise<{ got: ArrayLike<number>; a: Nd; b: Nd }> {
  const round = types.includes("f16") ? roundToHalf : Math.fround;
  const a = draw(1, [batch, ...(flags.transposeA ? [k, m] : [m, k])], round);
  const b = draw(2, [batch, ...(flags.transposeB ? [n, k] : [k, n])], round);
  const y = scope(() => {
    const y = empty(device, [batch, m, n], types[2]);
    const upload = (x: Nd, dtype: DType = "f32") => fromArray(device, x.data, { shape: x.shape, dtype });
    const sizes = { m, n, k, ...flags, batch: { extents: [batch], a: [m * k], b: [k * n] } };
    multiply(withUnits(device, unit, times), { a: upload(a, types[0]).buffer, b: upload(b, types[1]).buffer, y: y.buffer }, sizes, finish(upload), "subgroup_matrix");
    return y;
  });
  const got = await y.data();
  y.dispose();
  return { got, a, b };
}

const nameOf = ({ m, n, k, batch = 1, transposeA = false, transposeB = false }: Case) => `${transposeA ? "T" : "N"}${transposeB ? "T" : "N"} ${m}x${n}x${k}${batch > 1 ? ` in ${batch} batches` : ""}`;

describe("matmul by matrix units", () => {
  // Each layout is a pipeline that software adapters compile for seconds.
  for (const [name, one] of [...cases.map((one) => ["f32 8x8x8", one] as const), ["f32 16x8x4", cases[2]!] as const]) {
    it(`${name}: ${nameOf(one)}`, async () => {
      const { got, a, b } = await run(await testDevice(), units[name], 1, one, ["f32", "f32", "f32"]);
      const result = compare(got, matmulReference(a, b, one).data, "matmul");
      expect(result.worst, result.message).toBeLessThanOrEqual(1);
    });
  }

  it("lets subgroups that are smaller than they may be help to load", async () => {
    const { got, a, b } = await run(await testDevice(), units["f32 8x8x8"], 2, cases[2]!, ["f32", "f32", "f32"]);
    const result = compare(got, matmulReference(a, b, cases[2]!).data, "matmul");
    expect(result.worst, result.message).toBeLessThanOrEqual(1);
  });

  it("ends as every matmul kernel does: bias, residual, sums of rows", async () => {
    const device = await testDevice();
    const one: Case = { m: 36, n: 40, k: 24 };
    const [bias, residual] = [draw(3, [40], Math.fround), draw(4, [36, 40], Math.fround)];
    using rowSums = zeros(device, [36]);
    const { got, a, b } = await run(device, units["f32 8x8x8"], 1, one, ["f32", "f32", "f32"], (upload) => ({ bias: upload(bias).buffer, residual: upload(residual).buffer, rowSums: { to: rowSums.buffer } }));
    const want = matmulReference(a, b, one, bias).data.map((value, i) => value + residual.data[i]!);
    const result = compare(got, want, "matmul");
    expect(result.worst, result.message).toBeLessThanOrEqual(1);
    const sums = Array.from({ length: 36 }, (_, row) => a.data.slice(row * 24, row * 24 + 24).reduce((sum, value) => sum + value, 0));
    const rows = compare(await rowSums.data(), sums, "reduction");
    expect(rows.worst, rows.message).toBeLessThanOrEqual(1);
  });

  it("is chosen where the adapter has units for the operands", async () => {
    const device = await testDevice();
    const before = device.pipelines.created;
    const gpu = withUnits(device, units["f32 8x8x8"], 1);
    scope(() => {
      const [a, b] = [zeros(device, [256, 32]), zeros(device, [32, 256])];
      multiply(gpu, { a: a.buffer, b: b.buffer, y: empty(device, [256, 256]).buffer }, { m: 256, n: 256, k: 32 });
    });
    expect(device.pipelines.created - before).toBeLessThanOrEqual(1);
    expect(() => scope(() => multiply(device, { a: zeros(device, [16, 16]).buffer, b: zeros(device, [16, 16]).buffer, y: empty(device, [16, 16]).buffer }, { m: 16, n: 16, k: 16 }, {}, "subgroup_matrix"))).toThrow(
      "matmul: variant subgroup_matrix needs matrix units that sum in f32, and operands in fours",
    );
  });

  for (const types of [["f16", "f16", "f16"], ["f32", "f16", "f32"]] as [DType, DType, DType][]) {
    itInHalf(`${types[0]} times ${types[1]} gives ${types[2]}`, async (device) => {
      const one = cases[2]!;
      const { got, a, b } = await run(device, units["f32 8x8x8"], 1, one, types);
      const want = matmulReference(a, b, one).data;
      const result = compare(got, types[2] === "f16" ? want.map(roundToHalf) : want, types[2] === "f16" ? "half" : "matmul");
      expect(result.worst, result.message).toBeLessThanOrEqual(1);
    });
  }
});
