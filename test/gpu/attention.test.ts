import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AdapterClass, AdapterDescription } from "../../src/gpu/adapter.js";
import { qkvAttention, scaledDotProductAttention, type AttentionOptions } from "../../src/ops/attention.js";
import { fromArray, full, randn } from "../../src/ops/creation.js";
import { Generator } from "../../src/tensor/random.js";
import { scope } from "../../src/tensor/scope.js";
import { backward } from "../../src/tensor/backward.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { attentionCases, attentionLongestRowCases, attentionRowCases, attentionSizeCases, manyPlanesCases, qkvCases } from "../cases/attention.js";
import { onClass } from "../support/adapter_class.js";
import { testDevice } from "../support/device.js";
import { testCases } from "../support/op_cases.js";
import { compare } from "../support/tolerances.js";

for (const adapterClass of ["cpu", "gpu-basic"] as const) {
  onClass(adapterClass, () => {
    testCases("scaledDotProductAttention", attentionCases);
    testCases("sizes around a tile", attentionSizeCases);
    testCases("long rows", attentionRowCases);
    testCases("longest rows", attentionLongestRowCases);
    testCases("qkvAttention", qkvCases);
    testCases("many planes", manyPlanesCases);
    behaviour();
  });
}

/** Runs what it declares as if the adapter were otherwise. */
function onAdapter(how: string, change: Partial<AdapterDescription>, declare: () => void): void {
  describe(how, () => {
    let own: AdapterDescription;
    beforeAll(async () => {
      const { adapter } = await testDevice();
      own = { ...adapter };
      Object.assign(adapter, change);
    });
    afterAll(async () => void Object.assign((await testDevice()).adapter, own));
    declare();
  });
}

onAdapter("a software adapter without subgroups of one size", { class: "cpu", subgroupMinSize: 4, subgroupMaxSize: 16 }, () => {
  testCases("scaledDotProductAttention", [...attentionSizeCases.slice(-2), ...attentionRowCases.slice(0, 2)]);

  it("refuses rows that workgroup memory cannot hold", async () => {
    using q = full(await testDevice(), [1, 4096], 1);
    expect(() => scaledDotProductAttention(q, q, q)).toThrow(/^attention: rows are too long for the workgroup memory of .*, got head_dim 4096 and value_dim 4096; use more heads$/);
  });
});

onAdapter("a GPU that holds more of a row in registers", { class: "gpu-basic", software: false }, () => {
  // Mesa's software driver unrolls the loops over registers: minutes for the longer rows.
  testCases("scaledDotProductAttention", attentionRowCases.slice(0, process.env.KILN_ADAPTER === "system-software" ? 1 : 3));
});

function behaviour(): void {
  it("takes part of the heads at a time when their scores are many: the same bits as the heads alone", async () => {
    const device = await testDevice();
    const [heads, kvHeads, seq, dim] = [36, 18, 512, 4];
    const headsAlone = [32, 36] as const;
    const draw = (seed: number, count: number) => new Generator(seed).normal(count * seq * dim);
    const [q, k, v, dy] = [draw(1, heads), draw(2, kvHeads), draw(3, kvHeads), draw(4, heads)];
    const run = async (first: number, last: number): Promise<number[][]> => {
      const part = (values: Float32Array, group: number) =>
        fromArray(device, values.slice((first / group) * seq * dim, (last / group) * seq * dim), { shape: [(last - first) / group, seq, dim], requiresGrad: true });
      const leaves = [part(q, 1), part(k, 2), part(v, 2)] as const;
      using y = scaledDotProductAttention(...leaves, { causal: true });
      scope(() => backward(y, { gradient: part(dy, 1) }));
      const results = [[...(await y.data())], ...(await Promise.all(leaves.map(async (leaf) => [...(await leaf.grad!.data())])))];
      for (const leaf of leaves) leaf.dispose();
      return results;
    };
    const all = await run(0, heads);
    const alone = await run(...headsAlone);
    alone.forEach((values, i) => {
      const group = i === 0 || i === 1 ? 1 : 2;
      const same = all[i]!.slice((headsAlone[0] / group) * seq * dim).every((value, at) => value === values[at]);
      expect(same, `result ${i}`).toBe(true);
    });
  });

  it("repeats bit for bit, gradients too", async () => {
    const device = await testDevice();
    const run = async (): Promise<number[]> => {
      using qkv = randn(device, [3, 33, 48], { seed: 2, requiresGrad: true });
      using y = qkvAttention(qkv, { heads: 2, causal: true, dropout: { p: 0.2, generator: new Generator(4) } });
      using dy = randn(device, [3, 33, 16], { seed: 3 });
      backward(y, { gradient: dy });
      return [...(await y.data()), ...(await qkv.grad!.data())];
    };
    expect(await run()).toEqual(await run());
  });

  it("gives queries that see no key 0, and no gradient", async () => {
    const device = await testDevice();
    using q = randn(device, [2, 5, 8], { seed: 1, requiresGrad: true });
    using k = randn(device, [2, 5, 8], { seed: 2, requiresGrad: true });
    for (const hidden of [full(device, [5, 5], 0, { dtype: "u32" }), full(device, [5, 5], -Infinity), full(device, [5, 5], -3.4e38)]) {
      using mask = hidden;
      using y = scaledDotProductAttention(q, k, k, { mask });
      using dy = full(device, [2, 5, 8], 1);
      backward(y, { gradient: dy });
      for (const x of [y, q.grad!, k.grad!]) expect((await x.data()).every((value) => value === 0)).toBe(true);
    }
  });

  it("passes NaN on to the queries that see it, and to no other", async () => {
    const device = await testDevice();
    const values = new Float32Array(6 * 4).fill(1);
    values[4 * 4] = NaN;
    using k = fromArray(device, values, { shape: [6, 4] });
    using q = full(device, [6, 4], 1);
    using y = scaledDotProductAttention(q, k, q, { causal: true });
    const rows = [...(await y.data())];
    expect(rows.slice(0, 16)).toEqual(new Array(16).fill(1));
    expect(rows.slice(16).every(Number.isNaN)).toBe(true);
  });

  it("works after its inputs, its mask and its output are disposed", async () => {
    const device = await testDevice();
    const before = device.memory().liveBytes;
    const gradient = async (dispose: boolean): Promise<number[]> => {
      using leaf = randn(device, [4, 6, 8], { seed: 1, requiresGrad: true });
      const mask = fromArray(device, Array.from({ length: 36 }, (_, i) => (i % 5 === 0 ? 0 : 1)), { shape: [6, 6], dtype: "u32" });
      const q = scaledDotProductAttention(leaf, leaf, leaf, { mask });
      const y = scaledDotProductAttention(q, q, q, { mask });
      if (dispose) {
        q.dispose();
        mask.dispose();
      }
      using dy = randn(device, [4, 6, 8], { seed: 5 });
      backward(y, { gradient: dy });
      const result = [...(await leaf.grad!.data())];
      for (const x of [q, mask, y]) x.dispose();
      return result;
    };
    expect(await gradient(true)).toEqual(await gradient(false));
    expect(device.memory().liveBytes).toBe(before);
  });

  it("takes nothing: no batch, no queries, no keys", async () => {
    const device = await testDevice();
    for (const [qShape, kShape] of [[[0, 2, 3, 4], [0, 2, 5, 4]], [[2, 2, 0, 4], [2, 2, 5, 4]], [[2, 2, 3, 4], [2, 2, 0, 4]]] as const) {
      using q = full(device, qShape, 1, { requiresGrad: true });
      using k = full(device, kShape, 1, { requiresGrad: true });
      using y = scaledDotProductAttention(q, k, k);
      using dy = full(device, qShape, 1);
      backward(y, { gradient: dy });
      expect(y.shape).toEqual(qShape);
      for (const x of [y, q.grad!, k.grad!]) expect((await x.data()).every((value) => value === 0)).toBe(true);
    }
  });
}

describe("the two families of kernels", () => {
  it("agree, dropout included", async () => {
    const device = await testDevice();
    const results: number[][] = [];
    const adapter = device.adapter as { class: AdapterClass };
    const own = adapter.class;
    try {
      for (const adapterClass of ["cpu", "gpu-basic"] as const) {
        adapter.class = adapterClass;
        using qkv = randn(device, [2, 75, 48], { seed: 2, requiresGrad: true });
        using y = qkvAttention(qkv, { heads: 2, causal: true, dropout: { p: 0.2, generator: new Generator(4) } });
        using dy = randn(device, [2, 75, 16], { seed: 3 });
        backward(y, { gradient: dy });
        results.push([...(await y.data()), ...(await qkv.grad!.data())]);
      }
    } finally {
      adapter.class = own;
    }
    const { worst, message } = compare(results[1]!, results[0]!, "gradient");
    expect(worst, message).toBeLessThanOrEqual(1);
  });
});

describe("attention draws", () => {
  it("one mask a call with dropout, whatever p, and none without", async () => {
    const device = await testDevice();
    const generator = new Generator(1);
    using q = full(device, [2, 8, 4], 1);
    using v = randn(device, [2, 8, 4]);
    const run = async (p: number): Promise<number[]> => {
      using y = scaledDotProductAttention(q, q, v, { dropout: { p, generator } });
      return [...(await y.data())];
    };
    const first = await run(0.5);
    expect(generator.stateDict().offset).toBe(1);
    await run(0);
    expect(generator.stateDict().offset).toBe(2);
    scaledDotProductAttention(q, q, v).dispose();
    expect(generator.stateDict().offset).toBe(2);
    expect(await run(0.5)).not.toEqual(first);
    generator.loadStateDict({ seed: 1, offset: 0 });
    expect(await run(0.5)).toEqual(first);
  });
});

describe("attention refuses", () => {
  it("what does not fit, before it launches or draws", async () => {
    const device = await testDevice();
    const generator = new Generator(1);
    const made: Tensor[] = [];
    const make = (...shape: number[]): Tensor => {
      made.push(full(device, shape, 1));
      return made.at(-1)!;
    };
    const q = make(2, 4, 5, 8);
    const before = device.queue.counts.dispatches;
    const refuse = (args: [Tensor, Tensor, Tensor], options: AttentionOptions, message: string) =>
      expect(() => scaledDotProductAttention(...args, options)).toThrow(`scaledDotProductAttention: ${message}`);
    const shapes = "got q [2, 4, 5, 8], k";
    refuse([q, make(4, 5, 8), make(4, 5, 8)], {}, `q, k and v must have the same number of dimensions, ${shapes} [4, 5, 8]`);
    refuse([q, make(3, 4, 5, 8), q], {}, `batch dimensions differ; expand() them, ${shapes} [3, 4, 5, 8]`);
    refuse([q, make(2, 4, 5, 7), q], {}, `q and k must have rows of one length, ${shapes} [2, 4, 5, 7]`);
    refuse([q, q, make(2, 4, 6, 8)], {}, `k and v must have the same number of rows, ${shapes} [2, 4, 5, 8], v [2, 4, 6, 8]`);
    refuse([q, make(2, 2, 5, 8), q], {}, `k and v must have the same number of heads, ${shapes}`);
    refuse([q, make(2, 3, 5, 8), make(2, 3, 5, 8)], {}, `the heads of q must be a multiple of those of k and v, ${shapes}`);
    refuse([make(5), q, q], {}, "q must have at least 2 dimensions, got [5]");
    refuse([make(3, 0), make(3, 0), make(3, 0)], {}, "rows must not be empty, got q [3, 0]");
    refuse([q, q, q], { mask: make(5, 4) }, "mask must broadcast to the scores' shape [2, 4, 5, 5], got [5, 4]");
    refuse([q, q, q], { mask: make(1, 2, 4, 5, 5) }, "mask must broadcast to the scores' shape [2, 4, 5, 5], got [1, 2, 4, 5, 5]");
    const q5 = make(2, 3, 1, 5, 8);
    refuse([q5, q5, q5], { mask: make(2, 1, 1, 5, 5) }, "mask broadcasts over some batch dimensions and not over others, got [2, 1, 1, 5, 5] for [2, 3, 1, 5, 5]; expand() it");
    refuse([q, q, q], { mask: make(5, 5).setRequiresGrad() }, "no gradient is computed for the mask; pass mask.detach()");
    refuse([q, q, q], { scale: NaN }, "scale must be a finite number, got NaN");
    refuse([q, q, q], { queryOffset: -1 }, "queryOffset must be a whole number >= 0 and <= 2147483648, got -1");
    refuse([q, q, q], { causal: 1 as never }, "causal must be true or false, got 1");
    refuse([q, q, q], { isCausal: true } as never, 'unknown option "isCausal"');
    refuse([q, q, q], { dropout: { p: 1.5, generator } }, "dropout: p must be a finite number >= 0 and <= 1, got 1.5");
    refuse([q, q, q], { dropout: { p: 0.5 } as never }, "dropout: generator must be a Generator, got undefined");
    refuse([q, q, q], { dropout: { p: 0.5, generator }, mask: make(4) }, "mask must broadcast");
    made.push(fromArray(device, [1, 2], { shape: [1, 2], dtype: "i32" }));
    refuse([q, q, made.at(-1)!], {}, "v must be f32 or f16, got i32");
    refuse([q, q, q], { mask: made.at(-1)! }, "mask must be u32 or f32, got i32");
    expect(() => qkvAttention(make(2, 5, 25), { heads: 2 })).toThrow("qkvAttention: the last dimension must hold 3 x heads x head_dim elements, got [2, 5, 25] and heads 2");
    expect(() => qkvAttention(make(2, 5, 24), { heads: 0 })).toThrow("qkvAttention: heads must be a whole number >= 1, got 0");
    expect(() => qkvAttention(make(2, 5, 24), {} as never)).toThrow("qkvAttention: heads must be a whole number >= 1, got undefined");
    expect(() => qkvAttention(make(24), { heads: 2 })).toThrow("qkvAttention: qkv must have at least 2 dimensions, got [24]");
    expect(device.queue.counts.dispatches).toBe(before);
    expect(generator.stateDict().offset).toBe(0);
    for (const x of made) x.dispose();
  });
});
