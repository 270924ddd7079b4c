// Counter-based random numbers on the host: every value is a function of (seed, stream, counter), with no hidden state.
// The same hash runs in shaders/lib/random.wgsl, so that host and GPU can compute the same bits.
import { UsageError } from "../errors.js";
import { checkNumber } from "../options.js";
import { tracker } from "./tracker.js";

/**
 * pcg4d: four hashed words from four counters.
 *
 * Source: Jarzynski and Olano, "Hash Functions for GPU Rendering", JCGT 9(3), 2020.
 */
export function pcg4d(x: number, y: number, z: number, w: number): [number, number, number, number] {
  let a = (Math.imul(x, 1664525) + 1013904223) | 0;
  let b = (Math.imul(y, 1664525) + 1013904223) | 0;
  let c = (Math.imul(z, 1664525) + 1013904223) | 0;
  let d = (Math.imul(w, 1664525) + 1013904223) | 0;
  for (let round = 0; round < 2; round++) {
    a = (a + Math.imul(b, d)) | 0;
    b = (b + Math.imul(c, a)) | 0;
    c = (c + Math.imul(a, b)) | 0;
    d = (d + Math.imul(b, c)) | 0;
    if (round === 1) break;
    a ^= a >>> 16;
    b ^= b >>> 16;
    c ^= c >>> 16;
    d ^= d >>> 16;
  }
  return [a >>> 0, b >>> 0, c >>> 0, d >>> 0];
}

/** Second counter of every draw, by what draws: kernels of different kinds, and the host, never share words. */
export const streams = { host: 0x686f7374, dropout: 0x64726f70, attention: 0x6174746e } as const;

/** What a generator has to remember: in a checkpoint it is two numbers. */
export interface RandomState {
  seed: number;
  offset: number;
}

/**
 * Hands out streams of random numbers. Each draw takes the next `offset`, so a run repeats from (seed, offset)
 * alone, on the host and on the GPU.
 */
export class Generator {
  private state: RandomState;

  /** Throws: UsageError unless `seed` is a whole number in [0, 2^32). */
  constructor(seed = 0) {
    this.state = { seed: checkNumber("Generator", "seed", seed, word), offset: 0 };
  }

  /**
   * The key of the next draw: one per dropout call, batch or tensor. In a captured function the object gets the
   * following draws at each replay, so keep it, not a copy.
   */
  next(): RandomState {
    const draw = repeated ? nextOf(repeated) : this.drawAnew();
    collected?.push(draw);
    return draw;
  }

  private drawAnew(): RandomState {
    const draw = this.take();
    tracker()?.draws(this, draw);
    return draw;
  }

  /** `next`, seen by no tracker. */
  take(): RandomState {
    const { seed, offset } = this.state;
    this.state.offset = (offset + 1) % 2 ** 32;
    return { seed, offset };
  }

  stateDict(): RandomState {
    return { ...this.state };
  }

  loadStateDict(state: RandomState): void {
    if (typeof state !== "object" || state === null) throw new UsageError(`Generator: the state must be { seed, offset }, got ${String(state)}`);
    this.state = { seed: checkNumber("Generator", "seed", state.seed, word), offset: checkNumber("Generator", "offset", state.offset, word) };
  }

  /** Uniform in [0, 1), 24 bits each. */
  uniform(count: number): Float32Array {
    return fill(count, this.hostDraw("uniform"), (words, out, at) => {
      for (let i = 0; i < 4 && at + i < out.length; i++) out[at + i] = (words[i]! >>> 8) * 2 ** -24;
    });
  }

  /** Standard normal, by Box and Muller's transform in float64. */
  normal(count: number): Float32Array {
    return fill(count, this.hostDraw("normal"), (words, out, at) => {
      for (let pair = 0; pair < 2; pair++) {
        const radius = Math.sqrt(-2 * Math.log((words[2 * pair]! + 0.5) * 2 ** -32));
        const angle = 2 * Math.PI * words[2 * pair + 1]! * 2 ** -32;
        const first = at + 2 * pair;
        if (first < out.length) out[first] = radius * Math.cos(angle);
        if (first + 1 < out.length) out[first + 1] = radius * Math.sin(angle);
      }
    });
  }

  /** Whole numbers in [0, bound), bound <= 2^32. */
  integers(count: number, bound: number): Uint32Array {
    const { seed, offset } = this.hostDraw("integers");
    return Uint32Array.from({ length: count }, (_, i) => {
      const [high, low] = pcg4d(i, streams.host, offset, seed);
      return Math.floor((high * 2 ** 21 + (low >>> 11)) * 2 ** -53 * bound); // 53 bits: the sum is exact, so below 1
    });
  }

  private hostDraw(method: string): RandomState {
    if (tracker()) {
      throw new UsageError(`capture: Generator.${method}() draws on the host, and every replay would see the same numbers; draw before the call and pass them as an input`);
    }
    return this.take();
  }
}

let collected: RandomState[] | null = null;
let repeated: RandomState[] | null = null;

/** Runs `fn` and gives the draws that generators handed out meanwhile, in order. */
export function collectDraws<T>(fn: () => T): { result: T; draws: RandomState[] } {
  const before = collected;
  const draws: RandomState[] = [];
  collected = draws;
  try {
    return { result: fn(), draws };
  } finally {
    collected = before;
    before?.push(...draws);
  }
}

/** Runs `fn` with those draws handed out again: what was dropped is dropped again, and no generator moves. */
export function repeatDraws<T>(draws: readonly RandomState[], fn: () => T): T {
  const before = repeated;
  const left = (repeated = [...draws]);
  try {
    const result = fn();
    if (left.length > 0) throw new UsageError(`${otherDraws}, got ${left.length} fewer`);
    return result;
  } finally {
    repeated = before;
  }
}

const otherDraws = "checkpoint: the function took other random numbers when it was run again; it must do the same both times";

function nextOf(draws: RandomState[]): RandomState {
  const draw = draws.shift();
  if (!draw) throw new UsageError(`${otherDraws}, got more`);
  return draw;
}

const word = { min: 0, max: 2 ** 32 - 1, integer: true };

function fill(
  count: number,
  { seed, offset }: RandomState,
  write: (words: readonly number[], out: Float32Array, at: number) => void,
): Float32Array {
  const out = new Float32Array(count);
  for (let at = 0; at < count; at += 4) write(pcg4d(at / 4, streams.host, offset, seed), out, at);
  return out;
}
