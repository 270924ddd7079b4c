import { describe, expect, it } from "vitest";
import { ByteTokenizer, CharacterTokenizer, TokenStream, type Tokenizer } from "../../src/data/index.js";

function partsOf(vocab: Tokenizer, tokens: ArrayLike<number>): string[] {
  const stream = new TokenStream(vocab);
  return [...Array.from(tokens, (token) => stream.add(token)), stream.end()];
}

describe("TokenStream", () => {
  it("gives each character with the token that completes it", () => {
    const vocab = new ByteTokenizer();
    expect(partsOf(vocab, vocab.encode("aé😀b"))).toEqual(["a", "", "é", "", "", "", "😀", "b", ""]);
    const characters = new CharacterTokenizer("aé😀b");
    expect(partsOf(characters, characters.encode("b😀"))).toEqual(["b", "😀", ""]);
  });

  it("gives up on what will never be a character, and tells what waits at the end", () => {
    const vocab = new ByteTokenizer();
    expect(partsOf(vocab, [0x80, 0x80, 0x80, 0x80, 0x80, 0x61])).toEqual(["", "", "", "", "\ufffd".repeat(5), "a", ""]);
    expect(partsOf(vocab, [0x61, 0xe2, 0x82])).toEqual(["a", "", "", "\ufffd"]);
    expect(partsOf(vocab, [])).toEqual([""]);
  });
});
