// Sequences in which each symbol mostly follows from the one before: language small enough for sweeps of hundreds of runs.
import { Generator, type TokenBatch } from "kiln-gpu";

export const symbols = 16;
/** How often the rule holds; else any symbol follows. */
const ruled = 0.85;
/** The same rule for all seeds: symbol i is mostly followed by rule[i]. */
const rule = permutation(new Generator(99));

/** The lowest loss there is, in nats: the entropy of a symbol given the one before. */
export const floor = entropy([ruled + (1 - ruled) / symbols, ...Array.from({ length: symbols - 1 }, () => (1 - ruled) / symbols)]);

/** Batches without end, by the seed. */
export class Chain {
  private readonly generator: Generator;

  constructor(
    private readonly block: number,
    private readonly batch: number,
    seed: number,
  ) {
    this.generator = new Generator(seed);
  }

  next(): TokenBatch {
    const { block, batch } = this;
    const [tokens, targets] = [new Int32Array(batch * block), new Int32Array(batch * block)];
    const chances = this.generator.uniform(2 * batch * (block + 1));
    const symbolOf = (chance: number) => Math.min(symbols - 1, Math.floor(symbols * chance));
    for (let row = 0; row < batch; row++) {
      let at = 2 * row * (block + 1);
      let symbol = symbolOf(chances[at]!);
      for (let i = 0; i < block; i++) {
        at += 2;
        tokens[row * block + i] = symbol;
        symbol = chances[at]! < ruled ? rule[symbol]! : symbolOf(chances[at + 1]!);
        targets[row * block + i] = symbol;
      }
    }
    return { tokens, targets, shape: [batch, block] };
  }
}

function permutation(generator: Generator): number[] {
  const order = Array.from(generator.uniform(symbols), (chance, symbol) => ({ chance, symbol }));
  return order.sort((a, b) => a.chance - b.chance).map(({ symbol }) => symbol);
}

function entropy(shares: readonly number[]): number {
  return -shares.reduce((sum, share) => sum + share * Math.log(share), 0);
}
