import { fromArray } from "../../src/ops/creation.js";
import { embedding } from "../../src/ops/embedding.js";
import { gather, indexSelect, oneHot } from "../../src/ops/gather.js";
import { eachIndex, flatIndex, nd, testRandom, type Nd } from "../support/nd.js";
import type { OpCase } from "../support/op_cases.js";

function indices(seed: number, count: number, bound: number): number[] {
  const random = testRandom(seed);
  return Array.from({ length: count }, () => random.integer(bound));
}

const sizeOf = (shape: readonly number[]) => shape.reduce((product, extent) => product * extent, 1);

/** y[..., :] = weight[tokens[...], :]. */
function pickRows(weight: Nd, tokens: readonly number[], shape: readonly number[]): Nd {
  const width = weight.shape[1]!;
  return nd([...shape, width], (i) => weight.data[tokens[Math.floor(i / width)]! * width + (i % width)]!);
}

const embeddingCases: OpCase[] = (
  [
    [1, 1, [1]],
    [7, 5, [3]],
    [65, 16, [4, 9]],
    [3, 33, [70]], // every token many times
    [257, 4, [2, 3, 5]],
    [5, 8, [0]],
  ] as const
).map(([vocab, width, shape]) => {
  const tokens = indices(vocab, sizeOf(shape), vocab);
  return {
    name: `embedding [${vocab}, ${width}] of [${shape}]`,
    inputs: [{ shape: [vocab, width] }],
    run: ([weight]) => embedding(weight!, fromArray(weight!.device, tokens, { shape, dtype: "i32" })),
    reference: ([weight]) => pickRows(weight!, tokens, shape),
    tolerance: "exact",
    zeroGradient: tokens.length === 0,
  } satisfies OpCase;
});

const sameTokens: OpCase = {
  name: "embedding of one token a thousand times",
  inputs: [{ shape: [3, 2] }],
  run: ([weight]) => embedding(weight!, fromArray(weight!.device, new Array<number>(1000).fill(1), { dtype: "u32" })),
  reference: ([weight]) => pickRows(weight!, new Array<number>(1000).fill(1), [1000]),
  tolerance: "exact",
};

const manyTokens: OpCase = {
  name: "embedding of 1031 tokens out of 5003 rows",
  inputs: [{ shape: [5003, 3] }],
  run: ([weight]) => embedding(weight!, fromArray(weight!.device, indices(9, 1031, 5003), { dtype: "i32" })),
  reference: ([weight]) => pickRows(weight!, indices(9, 1031, 5003), [1031]),
  tolerance: "exact",
};

// Equal tokens at every distance around the 32 neighbours that a position looks at before it walks its token's list;
// then only far apart, and in clusters.
const spacings: [string, (i: number) => number][] = [
  ...[31, 32, 33, 34, 65].map((gap): [string, (i: number) => number] => [`${gap} apart`, (i) => i % gap]),
  ["once each", (i) => i],
  ["in clusters of 50", (i) => Math.floor(i / 50) % 3],
  ["in a row after a stray one", (i) => (i === 0 ? 7 : i < 90 ? 3 : 7)],
];
const spacedTokens: OpCase[] = spacings.map(([name, token]) => {
  const tokens = Array.from({ length: 203 }, (_, i) => token(i));
  return {
    name: `embedding of equal tokens ${name}`,
    inputs: [{ shape: [203, 2] }],
    run: ([weight]) => embedding(weight!, fromArray(weight!.device, tokens, { dtype: "u32" })),
    reference: ([weight]) => pickRows(weight!, tokens, [203]),
    tolerance: "exact",
  };
});

const gatherCases: OpCase[] = (
  [
    [[1], 0, [1]],
    [[4, 3], 0, [5, 3]],
    [[4, 3], 1, [4, 7]],
    [[4, 3], -1, [2, 7]], // an index smaller than x off the axis
    [[2, 5, 3], 1, [2, 65, 3]],
  ] as const
).map(([shape, axis, indexShape]) => {
  const at = (axis + shape.length) % shape.length;
  const index = indices(shape.length, sizeOf(indexShape), shape[at]!);
  return {
    name: `gather [${shape}] axis ${axis} at [${indexShape}]`,
    inputs: [{ shape }],
    run: ([x]) => gather(x!, axis, fromArray(x!.device, index, { shape: indexShape, dtype: "i32" })),
    reference: ([x]) => {
      const y = nd(indexShape, () => 0);
      eachIndex(indexShape, (place, flat) => {
        const from = [...place];
        from[at] = index[flat]!;
        y.data[flat] = x!.data[flatIndex(shape, from)]!;
      });
      return y;
    },
    tolerance: "exact",
  } satisfies OpCase;
});

const selectCases: OpCase[] = (
  [
    [[6], 0, 4],
    [[5, 3], 0, 9],
    [[2, 5, 3], 1, 64],
    [[2, 5, 3], -1, 1],
  ] as const
).map(([shape, axis, count]) => {
  const at = (axis + shape.length) % shape.length;
  const index = indices(count, count, shape[at]!);
  const outShape = shape.map((extent, i) => (i === at ? count : extent));
  return {
    name: `indexSelect [${shape}] axis ${axis}, ${count} of them`,
    inputs: [{ shape }],
    run: ([x]) => indexSelect(x!, axis, fromArray(x!.device, index, { dtype: "u32" })),
    reference: ([x]) => {
      const y = nd(outShape, () => 0);
      eachIndex(outShape, (place, flat) => {
        const from = [...place];
        from[at] = index[place[at]!]!;
        y.data[flat] = x!.data[flatIndex(shape, from)]!;
      });
      return y;
    },
    tolerance: "exact",
  } satisfies OpCase;
});

const oneHotCases: OpCase[] = [
  {
    name: "oneHot [2, 3] of 4 classes",
    inputs: [{ shape: [2, 3], dtype: "i32", values: [0, 3, 1, 2, 2, 0] }],
    run: ([index]) => oneHot(index!, 4),
    reference: ([index]) => nd([2, 3, 4], (i) => (index!.data[Math.floor(i / 4)] === i % 4 ? 1 : 0)),
    tolerance: "exact",
    gradient: false,
  },
  {
    name: "oneHot past 65,535 workgroups",
    inputs: [{ shape: [65536 * 8 + 1], dtype: "u32", values: (_, i) => i % 8 }],
    run: ([index]) => oneHot(index!, 8),
    reference: ([index]) => nd([index!.data.length, 8], (i) => (index!.data[Math.floor(i / 8)] === i % 8 ? 1 : 0)),
    tolerance: "exact",
    gradient: false,
  },
];

export const gatherTables: Record<string, OpCase[]> = {
  embedding: [...embeddingCases, sameTokens, manyTokens, ...spacedTokens],
  gather: gatherCases,
  indexSelect: selectCases,
  oneHot: oneHotCases,
};
