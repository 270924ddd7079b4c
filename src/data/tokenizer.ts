// Tokenizers: text to token ids and back. Characters and bytes are our own; byte pairs are in bpe.ts.
import { DataError, UsageError } from "../errors.js";

/** What a checkpoint stores of a tokenizer. */
export type TokenizerJSON =
  | { kind: "characters"; characters: string }
  | { kind: "bytes" }
  | { kind: "bpe"; encoding: string; ids?: number[] };

/** Turns text into token ids and back. */
export interface Tokenizer {
  readonly kind: TokenizerJSON["kind"];
  /** How many ids there are; ids are 0 to size - 1. */
  readonly size: number;
  /** Throws DataError for text that the vocabulary cannot spell. */
  encode(text: string): Int32Array;
  decode(tokens: ArrayLike<number>): string;
  toJSON(): TokenizerJSON;
}

/**
 * One id a character (Unicode code point), in code point order.
 *
 * Throws: DataError from `encode` for a character outside the vocabulary; UsageError from `decode` for an unknown id.
 */
export class CharacterTokenizer implements Tokenizer {
  readonly kind = "characters";
  private readonly characters: readonly string[];
  private readonly ids: ReadonlyMap<string, number>;

  /** The vocabulary is every character that occurs in `source`. */
  constructor(source: string) {
    const found = new Set<string>();
    for (const character of source) found.add(character);
    if (found.size === 0) throw new DataError("CharacterTokenizer: needs at least one character, got an empty text; use another text");
    this.characters = [...found].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
    this.ids = new Map(this.characters.map((character, id) => [character, id]));
  }

  get size(): number {
    return this.characters.length;
  }

  encode(text: string): Int32Array {
    const tokens = new Int32Array(text.length);
    let count = 0;
    for (const character of text) {
      const id = this.ids.get(character);
      if (id === undefined) throw new DataError(this.unknown(character, count));
      tokens[count++] = id;
    }
    return tokens.slice(0, count);
  }

  decode(tokens: ArrayLike<number>): string {
    let text = "";
    for (let i = 0; i < tokens.length; i++) text += this.characters[tokens[i]!] ?? refuseId("CharacterTokenizer", tokens[i]!, this.size);
    return text;
  }

  toJSON(): TokenizerJSON {
    return { kind: "characters", characters: this.characters.join("") };
  }

  private unknown(character: string, position: number): string {
    const code = character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
    const known = this.characters.length <= 120 ? `; it knows ${JSON.stringify(this.characters.join(""))}` : "; leave it out";
    return `encode: the vocabulary has no character ${JSON.stringify(character)} (U+${code}), got it at position ${position}${known}`;
  }
}

/** One id a byte of UTF-8: 256 ids, spells every text. `decode` puts U+FFFD where bytes are not valid UTF-8. */
export class ByteTokenizer implements Tokenizer {
  readonly kind = "bytes";
  readonly size = 256;

  encode(text: string): Int32Array {
    return Int32Array.from(new TextEncoder().encode(text));
  }

  decode(tokens: ArrayLike<number>): string {
    const bytes = Uint8Array.from(tokens, (id) => (isId(id, 256) ? id : refuseId("ByteTokenizer", id, 256)));
    return new TextDecoder().decode(bytes);
  }

  toJSON(): TokenizerJSON {
    return { kind: "bytes" };
  }
}

export function isId(id: number, size: number): boolean {
  return Number.isInteger(id) && id >= 0 && id < size;
}

export function refuseId(where: string, id: number, size: number): never {
  throw new UsageError(`${where}: decode takes ids from 0 to ${size - 1}, got ${id}; use the tokenizer that made the ids`);
}
