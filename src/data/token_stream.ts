import type { Tokenizer } from "./tokenizer.js";

/** No character of UTF-8 has more bytes, so a longer run of tokens that ends in a broken one will not mend. */
const mostBytes = 4;

/** Text of tokens as they come. A token may be a part of a character: what is not yet whole waits for the next. */
export class TokenStream {
  private waiting: number[] = [];

  constructor(private readonly vocab: Tokenizer) {}

  /** The text that the token completes; empty where a character is not whole yet. */
  add(token: number): string {
    this.waiting.push(token);
    const text = this.vocab.decode(this.waiting);
    if (text.endsWith("\ufffd") && this.waiting.length <= mostBytes) return "";
    this.waiting = [];
    return text;
  }

  /** What still waits when no more tokens come. */
  end(): string {
    const text = this.vocab.decode(this.waiting);
    this.waiting = [];
    return text;
  }
}
