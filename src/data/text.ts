// A text as training data: tokens, cut into a training and a validation part, drawn as random windows.
import { DataError, UsageError } from "../errors.js";
import { checkNumber, checkOptions } from "../options.js";
import { Generator, type RandomState } from "../tensor/random.js";
import { loadBpe, type BpeEncoding } from "./bpe.js";
import type { TokenBatch, TokenData } from "./token_data.js";
import { ByteTokenizer, CharacterTokenizer, type Tokenizer } from "./tokenizer.js";

/** How a text is cut into windows and batches. */
export interface TextOptions {
  /** Tokens a window. */
  block: number;
  /** Windows a batch. */
  batch: number;
  /** Of the windows' places. 0 by default. */
  seed?: number;
  /** Share of the text, from its end, held back for validation. 0.1 by default. */
  validation?: number;
}

const optionKeys = ["block", "batch", "seed", "validation"];

/** Random windows of a text. Its position is two numbers (seed, offset), so a run goes on exactly where it stopped. */
export class TextData implements TokenData {
  readonly hasAnswers = false;
  readonly block: number;
  readonly batch: number;
  readonly train: Int32Array;
  readonly validation: Int32Array;
  readonly fingerprint: string;
  private readonly generator: Generator;

  constructor(
    tokens: Int32Array,
    readonly vocab: Tokenizer,
    options: TextOptions,
  ) {
    checkOptions("text", options, optionKeys);
    this.block = checkNumber("text", "block", options.block, { min: 1, integer: true });
    this.batch = checkNumber("text", "batch", options.batch, { min: 1, integer: true });
    const share = checkNumber("text", "validation", options.validation ?? 0.1, { min: 0, below: 1 });
    this.generator = new Generator(checkNumber("text", "seed", options.seed ?? 0, { min: 0, max: 2 ** 32 - 1, integer: true }));
    const held = share === 0 ? 0 : Math.floor(tokens.length * share);
    this.train = tokens.subarray(0, tokens.length - held);
    this.validation = tokens.subarray(tokens.length - held);
    this.requireBlock(tokens, "", "use a shorter block or more text");
    this.requireBlock(this.train, "for training ", "use a shorter block or more text");
    if (share > 0) this.requireBlock(this.validation, "for validation ", "use a shorter block, more text or a larger validation share");
    this.fingerprint = fingerprint(tokens);
  }

  get trainTokens(): number {
    return this.train.length;
  }

  get validationTokens(): number {
    return this.validation.length;
  }

  /** A line end where the text has one: a model that has seen text goes on with a new line. */
  get firstPrompt(): string {
    try {
      this.vocab.encode("\n");
      return "\n";
    } catch {
      return this.vocab.decode(this.train.subarray(0, 1));
    }
  }

  /** Windows at random places; their targets are the tokens moved on by one. */
  next(): TokenBatch {
    const starts = this.generator.integers(this.batch, this.train.length - this.block);
    return this.windows(this.train, starts);
  }

  /**
   * The validation batches, evenly spaced over the validation part and the same on every call. None for no
   * validation part.
   */
  validationBatches(count: number): TokenBatch[] {
    checkNumber("validationBatches", "count", count, { min: 1, integer: true });
    if (this.validation.length === 0) return [];
    const last = this.validation.length - this.block - 1;
    const windows = count * this.batch;
    const start = (i: number) => (windows === 1 ? 0 : Math.floor((i * last) / (windows - 1)));
    return Array.from({ length: count }, (_, b) =>
      this.windows(this.validation, Array.from({ length: this.batch }, (_, row) => start(b * this.batch + row))),
    );
  }

  stateDict(): RandomState {
    return this.generator.stateDict();
  }

  loadStateDict(state: RandomState): void {
    this.generator.loadStateDict(state);
  }

  private windows(part: Int32Array, starts: ArrayLike<number>): TokenBatch {
    const { batch, block } = this;
    const tokens = new Int32Array(batch * block);
    const targets = new Int32Array(batch * block);
    for (let row = 0; row < batch; row++) {
      const start = starts[row]!;
      tokens.set(part.subarray(start, start + block), row * block);
      targets.set(part.subarray(start + 1, start + 1 + block), row * block);
    }
    return { tokens, targets, shape: [batch, block] };
  }

  private requireBlock(part: Int32Array, purpose: string, cure: string): void {
    const needed = this.block + 1;
    if (part.length < needed) throw new DataError(`text: ${purpose}needs at least block + 1 = ${needed} tokens, got ${part.length}; ${cure}`);
  }
}

/** The same for byte pairs, and which. */
export interface BpeTextOptions extends TextOptions {
  encoding?: BpeEncoding;
  /** Keep only the ids that occur in the text, renumbered: see loadBpe. */
  compact?: boolean;
}

/** Ways to make training data of a text. */
export const text = {
  /**
   * One token a character of `source`.
   *
   * Throws: DataError if the text is shorter than block + 1 characters, or a part of it is.
   */
  characters(source: string, options: TextOptions): TextData {
    requireText("text.characters", source);
    const vocab = new CharacterTokenizer(source);
    return new TextData(vocab.encode(source), vocab, options);
  },

  /** One token a byte of `source` in UTF-8: any text, 256 ids. */
  bytes(source: string, options: TextOptions): TextData {
    requireText("text.bytes", source);
    const vocab = new ByteTokenizer();
    return new TextData(vocab.encode(source), vocab, options);
  },

  /** Byte pairs, "gpt2" by default. Needs npm package gpt-tokenizer. */
  async bpe(source: string, options: BpeTextOptions): Promise<TextData> {
    requireText("text.bpe", source);
    const { encoding = "gpt2", compact = false, ...rest } = options;
    checkOptions("text.bpe", rest, optionKeys);
    const vocab = await loadBpe(encoding, compact ? { compactTo: source } : {});
    return new TextData(vocab.encode(source), vocab, rest);
  },

  /** Tokens of a tokenizer that exists already, as after loading a checkpoint. */
  withTokenizer(source: string, vocab: Tokenizer, options: TextOptions): TextData {
    requireText("text.withTokenizer", source);
    return new TextData(vocab.encode(source), vocab, options);
  },
};

function requireText(where: string, source: string): void {
  if (typeof source !== "string") throw new UsageError(`${where}: source must be a string, got ${typeof source}; decode the file first`);
  if (source.length === 0) throw new DataError(`${where}: the text is empty, got 0 characters; use another text`);
}

/** Count of the tokens and two 32-bit FNV-1a hashes. Not cryptographic: it catches a wrong file, not a forged one. */
function fingerprint(tokens: Int32Array): string {
  let a = 0x811c9dc5;
  let b = 0x01234567;
  for (const token of tokens) {
    a = Math.imul(a ^ token, 16777619);
    b = Math.imul(b ^ (token + 0x9e37), 2246822519);
    b ^= b >>> 15;
  }
  const hex = (word: number) => (word >>> 0).toString(16).padStart(8, "0");
  return `${tokens.length}-${hex(a)}${hex(b)}`;
}
