import { fromArray } from "../../src/ops/creation.js";
import { embedTokens } from "../../src/ops/embedding.js";
import { Generator } from "../../src/tensor/random.js";
import { nd, testRandom } from "../support/nd.js";
import type { OpCase } from "../support/op_cases.js";
import { hostKeeps } from "./dropout.js";

const seed = 17;

interface Geometry {
  vocab: number;
  block: number;
  width: number;
  shape: readonly number[];
  offset?: number;
  p?: number;
}

function embedCase({ vocab, block, width, shape, offset = 0, p = 0 }: Geometry): OpCase {
  const random = testRandom(vocab + width);
  const count = shape.reduce((a, b) => a * b, 1);
  const seq = shape[shape.length - 1]!;
  const tokens = Array.from({ length: count }, () => random.integer(vocab));
  return {
    name: `embedTokens [${vocab}, ${width}] and [${block}, ${width}] of [${shape}] from ${offset}, dropout ${p}`,
    inputs: [{ shape: [vocab, width] }, { shape: [block, width] }],
    run: ([weight, positions]) => {
      const ids = fromArray(weight!.device, tokens, { shape, dtype: "i32" });
      return embedTokens(weight!, positions!, ids, { offset, ...(p > 0 && { dropout: { p, generator: new Generator(seed) } }) });
    },
    reference: ([weight, positions]) =>
      nd([...shape, width], (at) => {
        if (p > 0 && !hostKeeps(at, p, { seed, offset: 0 })) return 0;
        const [i, c] = [Math.floor(at / width), at % width];
        return (weight!.data[tokens[i]! * width + c]! + positions!.data[(offset + (i % seq)) * width + c]!) / (1 - p);
      }),
    tolerance: "arithmetic",
    zeroGradient: count === 0,
  };
}

/** Fours and not, one token and many of each, more than a workgroup, a batch past the runs of 64, unused positions. */
export const embedTokensCases: OpCase[] = [
  { vocab: 1, block: 1, width: 1, shape: [1] },
  { vocab: 7, block: 3, width: 5, shape: [3] },
  { vocab: 65, block: 9, width: 16, shape: [4, 9] },
  { vocab: 65, block: 12, width: 16, shape: [4, 9], offset: 2 },
  { vocab: 11, block: 8, width: 3, shape: [3, 5], offset: 3 },
  { vocab: 3, block: 4, width: 2, shape: [2, 65, 2], offset: 1 },
  { vocab: 257, block: 70, width: 4, shape: [67] },
  { vocab: 5, block: 3, width: 4, shape: [0, 3] },
  { vocab: 5, block: 3, width: 3, shape: [4, 0] },
  { vocab: 13, block: 7, width: 8, shape: [5, 7], p: 0.3 },
  { vocab: 13, block: 9, width: 7, shape: [5, 7], offset: 2, p: 0.5 },
].map(embedCase);
