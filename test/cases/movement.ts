// Ops that move elements without computing: copies, so forward is exact and the gradient is a sum of copies.
import * as k from "../../src/ops/index.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { eachIndex, flatIndex, nd, type Nd } from "../support/nd.js";
import type { OpCase } from "../support/op_cases.js";

/** y[index] = x[source(index)], or `fill` where source gives null. */
function moved(x: Nd, shape: readonly number[], source: (index: number[]) => number[] | null, fill = 0): Nd {
  const y = nd(shape, () => fill);
  eachIndex(shape, (index, flat) => {
    const from = source(index);
    if (from) y.data[flat] = x.data[flatIndex(x.shape, from)]!;
  });
  return y;
}

function one(name: string, shape: readonly number[], run: (x: Tensor) => Tensor, reference: (x: Nd) => Nd, large = false): OpCase {
  return { name, inputs: [{ shape }], run: ([x]) => run(x!), reference: ([x]) => reference(x!), tolerance: "exact", gradient: !large };
}

const permutations = [
  { shape: [1], axes: [0] },
  { shape: [5, 7], axes: [1, 0] },
  { shape: [63, 65], axes: [1, 0] },
  { shape: [2, 3, 4, 5], axes: [3, 1, 0, 2] },
  { shape: [2, 3, 4, 5], axes: [0, 2, 1, 3] },
  { shape: [3, 8, 16], axes: [0, 2, 1] },
  { shape: [2, 2, 3, 2, 2, 3], axes: [5, 3, 1, 4, 2, 0] },
  { shape: [8, 12], axes: [1, 0] }, // blocks of 4x4
  { shape: [4, 1, 4], axes: [2, 1, 0] },
  { shape: [5, 60, 68], axes: [0, 2, 1] },
  { shape: [4, 6], axes: [-1, 0] },
  { shape: [3, 5, 2, 8], axes: [2, 0, 1, 3] }, // four neighbours at once
  { shape: [1, 3, 1, 4], axes: [2, 1, 3, 0] }, // only axes of extent 1 move
].map(({ shape, axes }) =>
  one(`permute [${shape}] to axes ${axes}`, shape, (x) => k.permute(x, axes), (x) => {
    const out = axes.map((axis) => shape.at(axis)!);
    return moved(x, out, (index) => {
      const from = new Array<number>(shape.length);
      axes.forEach((axis, i) => (from[(axis + shape.length) % shape.length] = index[i]!));
      return from;
    });
  }),
);

const at = (axis: number, shape: readonly number[]) => (axis + shape.length) % shape.length;

const slices = [
  { shape: [10], axis: 0, start: 2, end: 9, step: 3, expected: [2, 5, 8] },
  { shape: [4, 7], axis: 1, start: -3, end: 100, step: 1, expected: [4, 5, 6] },
  { shape: [3, 5, 2], axis: 1, start: 0, end: -1, step: 2, expected: [0, 2] },
  { shape: [4, 12], axis: 1, start: 4, end: 12, step: 1, expected: [4, 5, 6, 7, 8, 9, 10, 11] },
  { shape: [4, 12], axis: 1, start: 3, end: 11, step: 1, expected: [3, 4, 5, 6, 7, 8, 9, 10] },
  { shape: [7, 8], axis: -2, start: -100, end: 6, step: 5, expected: [0, 5] },
].map(({ shape, axis, start, end, step, expected }) =>
  one(`slice [${shape}] axis ${axis} ${start}:${end}:${step}`, shape, (x) => k.slice(x, axis, start, end, step), (x) =>
    moved(x, shape.map((extent, i) => (i === at(axis, shape) ? expected.length : extent)), (index) => index.map((place, i) => (i === at(axis, shape) ? expected[place]! : place))),
  ),
);

const singles: OpCase[] = [
  one("transpose of the last two axes", [2, 3, 5], (x) => k.transpose(x), (x) => moved(x, [2, 5, 3], ([a, b, c]) => [a!, c!, b!])),
  one("reshape with -1", [4, 6], (x) => k.reshape(x, [3, -1]), (x) => nd([3, 8], x.data)),
  one("flatten", [2, 3, 4], (x) => k.flatten(x, 1), (x) => nd([2, 12], x.data)),
  one("squeeze", [1, 3, 1], (x) => k.squeeze(x), (x) => nd([3], x.data)),
  one("unsqueeze", [3, 2], (x) => k.unsqueeze(x, 1), (x) => nd([3, 1, 2], x.data)),
  { ...one("expand [3, 1] to [2, 3, 5]", [3, 1], (x) => k.expand(x, [2, 3, 5]), (x) => moved(x, [2, 3, 5], (i) => [i[1]!, 0])), gradientTolerance: "gradient" },
  one("expand of a scalar", [], (x) => k.expand(x, [65]), (x) => moved(x, [65], () => [])),
  one("flip of axes 0 and 2", [2, 3, 4], (x) => k.flip(x, [0, 2]), (x) => moved(x, [2, 3, 4], ([a, b, c]) => [1 - a!, b!, 3 - c!])),
  one("pad with a value", [2, 3], (x) => k.pad(x, [[1, 0], [2, 1]], { value: 7 }), (x) =>
    moved(x, [3, 6], ([a, b]) => (a! >= 1 && b! >= 2 && b! < 5 ? [a! - 1, b! - 2] : null), 7)),
  one("tril", [2, 4, 5], (x) => k.tril(x), (x) => moved(x, [2, 4, 5], (i) => (i[2]! <= i[1]! ? i : null))),
  one("triu above the diagonal", [5, 4], (x) => k.triu(x, { diagonal: 1 }), (x) => moved(x, [5, 4], (i) => (i[1]! >= i[0]! + 1 ? i : null))),
  one("split, the middle part", [2, 7], (x) => k.split(x, [2, 4, 1], 1)[1]!, (x) => moved(x, [2, 4], (i) => [i[0]!, i[1]! + 2])),
  one("split in fours, the last part", [10], (x) => k.split(x, 4)[2]!, (x) => moved(x, [2], (i) => [i[0]! + 8])),
  one("slice of three axes at once", [4, 5, 9], (x) => k.slice(x, [{ axis: 0, start: 1 }, { axis: 2, end: -1, step: 3 }, { axis: 1, start: -2, end: -1 }]), (x) =>
    moved(x, [3, 1, 3], ([a, , c]) => [a! + 1, 3, 3 * c!])),
  one("slice of a slice of a transpose", [6, 10], (x) => k.slice(k.slice(k.transpose(x), 0, 2, 9, 2), 0, 1, 3), (x) => moved(x, [2, 6], ([a, b]) => [b!, 4 + 2 * a!])),
  one("flatten of the middle axes", [2, 3, 4, 5], (x) => k.flatten(x, 1, -2), (x) => nd([2, 12, 5], x.data)),
  one("flatten of a scalar", [], (x) => k.flatten(x), (x) => nd([1], x.data)),
  one("squeeze of named axes", [1, 3, 1, 1], (x) => k.squeeze(x, [0, -1]), (x) => nd([3, 1], x.data)),
  one("unsqueeze at the end", [3, 2], (x) => k.unsqueeze(x, -1), (x) => nd([3, 2, 1], x.data)),
  one("expand in fours, each element repeated", [3, 1], (x) => k.expand(x, [3, 8]), (x) => moved(x, [3, 8], (i) => [i[0]!, 0])),
  one("expand in fours, each row repeated", [1, 8], (x) => k.expand(x, [5, 8]), (x) => moved(x, [5, 8], (i) => [0, i[1]!])),
  one("expand of inner and outer axes", [1, 3, 1], (x) => k.expand(x, [2, 3, 4]), (x) => moved(x, [2, 3, 4], (i) => [0, i[1]!, 0])),
  one("expand of a scalar in fours", [], (x) => k.expand(x, [4, 16]), (x) => moved(x, [4, 16], () => [])),
  one("expand of nothing new", [2, 3], (x) => k.expand(x, [2, 3]), (x) => x),
  one("flip of every axis", [3, 5], (x) => k.flip(x), (x) => moved(x, [3, 5], ([a, b]) => [2 - a!, 4 - b!])),
  one("flip in fours", [3, 8], (x) => k.flip(x, 0), (x) => moved(x, [3, 8], ([a, b]) => [2 - a!, b!])),
  one("pad in fours", [2, 8], (x) => k.pad(x, [[1, 2], [4, 0]]), (x) => moved(x, [5, 12], ([a, b]) => (a! >= 1 && a! < 3 && b! >= 4 ? [a! - 1, b! - 4] : null))),
  one("tril below the diagonal", [65, 63], (x) => k.tril(x, { diagonal: -2 }), (x) => moved(x, [65, 63], (i) => (i[1]! <= i[0]! - 2 ? i : null)), true),
  one("permute of a million elements", [1024, 1025], (x) => k.permute(x, [1, 0]), (x) => moved(x, [1025, 1024], (i) => [i[1]!, i[0]!]), true),
  one("a strided copy past 65,535 workgroups", [65536 * 64 + 3, 2], (x) => k.flip(x, 1), (x) => moved(x, x.shape, (i) => [i[0]!, 1 - i[1]!]), true),
];

const joined: OpCase[] = [
  {
    name: "concat of three along axis 1",
    inputs: [{ shape: [2, 3] }, { shape: [2, 1] }, { shape: [2, 4] }],
    run: (parts) => k.concat(parts, 1),
    reference: ([a, b, c]) => {
      const y = nd([2, 8], () => 0);
      eachIndex([2, 8], ([row, col], flat) => {
        const [part, at] = col! < 3 ? [a!, col!] : col! < 4 ? [b!, 0] : [c!, col! - 4];
        y.data[flat] = part.data[flatIndex(part.shape, [row!, at])]!;
      });
      return y;
    },
    tolerance: "exact",
  },
  {
    name: "stack along axis 1",
    inputs: [{ shape: [3, 2] }, { shape: [3, 2] }],
    run: (parts) => k.stack(parts, 1),
    reference: (parts) => nd([3, 2, 2], (i) => parts[Math.floor(i / 2) % 2]!.data[Math.floor(i / 4) * 2 + (i % 2)]!),
    tolerance: "exact",
  },
  {
    name: "concat in fours along axis -1",
    inputs: [{ shape: [3, 4] }, { shape: [3, 8] }],
    run: (parts) => k.concat(parts, -1),
    reference: ([a, b]) => nd([3, 12], (i) => (i % 12 < 4 ? a!.data[Math.floor(i / 12) * 4 + (i % 12)]! : b!.data[Math.floor(i / 12) * 8 + (i % 12) - 4]!)),
    tolerance: "exact",
  },
  {
    name: "concat of a tensor with itself and with nothing",
    inputs: [{ shape: [2, 3] }, { shape: [0, 3] }],
    run: ([x, none]) => k.concat([x!, none!, x!]),
    reference: ([x]) => nd([4, 3], (i) => x!.data[i % 6]!),
    tolerance: "exact",
  },
  {
    name: "unsigned integers are padded and flipped",
    inputs: [{ shape: [3], dtype: "u32", values: [1, 2 ** 32 - 1, 3] }],
    run: ([x]) => k.pad(k.flip(x!), [[1, 0]], { value: 9 }),
    reference: () => nd([4], [9, 3, 2 ** 32 - 1, 1]),
    tolerance: "exact",
    gradient: false,
  },
  {
    name: "all parts of a split, weighted",
    inputs: [{ shape: [6, 2] }],
    run: ([x]) => k.split(x!, 2).reduce((sum, part, i) => k.add(sum, k.mul(part, i + 1)), k.zeros(x!.device, [2, 2])),
    reference: ([x]) => nd([2, 2], (i) => x!.data[i]! + 2 * x!.data[i + 4]! + 3 * x!.data[i + 8]!),
    tolerance: "arithmetic",
  },
  {
    name: "integers move too",
    inputs: [{ shape: [2, 3], dtype: "i32", values: [1, -2, 3, -4, 5, 6] }],
    run: ([x]) => k.transpose(x!),
    reference: ([x]) => moved(x!, [3, 2], (i) => [i[1]!, i[0]!]),
    tolerance: "exact",
    gradient: false,
  },
];

export const movementCases: OpCase[] = [...permutations, ...slices, ...singles, ...joined];
