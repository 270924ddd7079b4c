// Byte-pair encodings, by npm gpt-tokenizer: an optional package, loaded when first asked for.
import { DataError, UsageError } from "../errors.js";
import { checkOptions } from "../options.js";
import { isId, refuseId, type Tokenizer, type TokenizerJSON } from "./tokenizer.js";

/** The encodings by the names of the models that made them known. */
export const bpeEncodings = ["gpt2", "cl100k", "o200k"] as const;
/** The byte-pair encodings there are, by their names at OpenAI. */
export type BpeEncoding = (typeof bpeEncodings)[number];

interface Encoding {
  encode(text: string, options: { disallowedSpecial: Set<string> }): number[];
  decode(ids: Iterable<number>): string;
  vocabularySize: number;
}

// One literal import each: a bundler must see the path to follow it.
const loaders: Record<BpeEncoding, () => Promise<Encoding>> = {
  gpt2: () => import("gpt-tokenizer/encoding/r50k_base"),
  cl100k: () => import("gpt-tokenizer/encoding/cl100k_base"),
  o200k: () => import("gpt-tokenizer/encoding/o200k_base"),
};

/** Options of `loadBpe`. */
export interface BpeOptions {
  /**
   * Renumber the ids that occur in this text 0, 1, 2, ... and drop all others: a small text needs a small embedding.
   * Text with other tokens then cannot be encoded. By default ids are the encoding's own.
   */
  compactTo?: string;
}

/**
 * Loads a byte-pair encoding. Special tokens such as "<|endoftext|>" in a text are plain text.
 *
 * Range:  encoding is "gpt2" (50,257 ids), "cl100k" (100,277) or "o200k" (about 200,000).
 * Throws: UsageError for an unknown encoding; DataError without npm package gpt-tokenizer.
 */
export async function loadBpe(encoding: BpeEncoding, options: BpeOptions = {}): Promise<Tokenizer> {
  checkOptions("loadBpe", options, ["compactTo"]);
  const full = await load(encoding);
  if (options.compactTo === undefined) return new BpeTokenizer(encoding, full, null);
  const ids = [...new Set(encodeWith(full, options.compactTo))].sort((a, b) => a - b);
  if (ids.length === 0) throw new DataError("loadBpe: compactTo needs at least one token, got an empty text; use another text");
  return new BpeTokenizer(encoding, full, ids);
}

/** The tokenizer that a checkpoint's JSON describes. */
export async function bpeFromJSON(json: TokenizerJSON & { kind: "bpe" }): Promise<Tokenizer> {
  const full = await load(json.encoding);
  const { ids } = json;
  if (ids && !ids.every((id, i) => isId(id, full.vocabularySize) && (i === 0 || id > ids[i - 1]!))) {
    throw new DataError(`tokenizer: ids of "${json.encoding}" must be rising whole numbers below ${full.vocabularySize}; use another copy of the file`);
  }
  return new BpeTokenizer(json.encoding, full, ids ?? null);
}

async function load(encoding: string): Promise<Encoding> {
  if (!Object.hasOwn(loaders, encoding)) throw new UsageError(`loadBpe: unknown encoding, got "${encoding}"; use ${bpeEncodings.join(", ")}`);
  try {
    return await loaders[encoding as BpeEncoding]();
  } catch (cause) {
    throw new DataError(`loadBpe: cannot load "${encoding}"; run: npm install gpt-tokenizer`, { cause });
  }
}

function encodeWith(full: Encoding, text: string): number[] {
  return full.encode(text, { disallowedSpecial: new Set() });
}

class BpeTokenizer implements Tokenizer {
  readonly kind = "bpe";
  private readonly position: ReadonlyMap<number, number> | null;

  constructor(
    private readonly encoding: string,
    private readonly full: Encoding,
    /** The encoding's ids that are in use, rising; null for all. */
    private readonly ids: readonly number[] | null,
  ) {
    this.position = ids && new Map(ids.map((id, at) => [id, at]));
  }

  get size(): number {
    return this.ids?.length ?? this.full.vocabularySize;
  }

  encode(text: string): Int32Array {
    const { position } = this;
    const ids = encodeWith(this.full, text);
    if (!position) return Int32Array.from(ids);
    return Int32Array.from(ids, (id) => {
      const at = position.get(id);
      if (at === undefined) {
        throw new DataError(`encode: the compact vocabulary has no token ${JSON.stringify(this.full.decode([id]))}, it does not occur in the training text; use other words`);
      }
      return at;
    });
  }

  decode(tokens: ArrayLike<number>): string {
    const { ids, size } = this;
    return this.full.decode(
      Array.from(tokens, (token) => {
        if (!isId(token, size)) refuseId("BpeTokenizer", token, size);
        return ids ? ids[token]! : token;
      }),
    );
  }

  toJSON(): TokenizerJSON {
    return { kind: "bpe", encoding: this.encoding, ...(this.ids && { ids: [...this.ids] }) };
  }
}
