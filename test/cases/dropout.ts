import { dropout } from "../../src/ops/dropout.js";
import { Generator, pcg4d } from "../../src/tensor/random.js";
import { nd, type Nd } from "../support/nd.js";
import type { OpCase } from "../support/op_cases.js";

const seed = 31;
const dropoutStream = 0x64726f70;

/** Whether dropout of the generator's draw `offset` keeps element i: from the words that the host computes. p is an f32. */
export function hostKeeps(i: number, p: number, key: { seed: number; offset: number }): boolean {
  return pcg4d(Math.floor(i / 4), dropoutStream, key.offset, key.seed)[i % 4]! >= Math.fround(p) * 2 ** 32;
}

function reference(x: Nd, p: number): Nd {
  return nd(x.shape, (i) => (hostKeeps(i, p, { seed, offset: 0 }) ? x.data[i]! / (1 - p) : 0));
}

const shapes = [[8], [63], [64], [65], [3, 5, 7], [257], [17, 31], [9001]];

export const dropoutCases: OpCase[] = [
  ...shapes.flatMap((shape) =>
    [0.1, 0.5, 0.9].map((p) => ({
      name: `dropout of ${p} [${shape}]`,
      inputs: [{ shape }],
      run: ([x]: Parameters<OpCase["run"]>[0]) => dropout(x!, { p, generator: new Generator(seed) }),
      reference: ([x]: Parameters<OpCase["reference"]>[0]) => reference(x!, p),
      tolerance: "arithmetic" as const,
    })),
  ),
  {
    name: "dropout of nothing",
    inputs: [{ shape: [0, 3] }],
    run: ([x]) => dropout(x!, { p: 0.5, generator: new Generator(seed) }),
    reference: ([x]) => x!,
    tolerance: "exact",
    zeroGradient: true,
  },
  {
    name: "dropout past 65,535 workgroups of packs",
    inputs: [{ shape: [4 * 64 * 65535 + 5] }],
    run: ([x]) => dropout(x!, { p: 0.25, generator: new Generator(seed) }),
    reference: ([x]) => reference(x!, 0.25),
    tolerance: "arithmetic",
    gradient: false,
  },
];
