import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteTokenizer, CharacterTokenizer, loadBpe, tokenizerFromJSON, type BpeEncoding } from "../../src/data/index.js";
import { DataError, UsageError } from "../../src/errors.js";

describe("CharacterTokenizer", () => {
  it("numbers characters by code point, beyond the basic plane too", () => {
    const tokenizer = new CharacterTokenizer("ba\u{1F40B}ab\n");
    expect(tokenizer.size).toBe(4);
    expect([...tokenizer.encode("\nab\u{1F40B}")]).toEqual([0, 1, 2, 3]);
    expect(tokenizer.decode([3, 3, 1])).toBe("\u{1F40B}\u{1F40B}a");
  });

  it("round-trips any text over its own vocabulary, also through JSON", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary", minLength: 1 }), async (source) => {
        const tokenizer = new CharacterTokenizer(source);
        const again = await tokenizerFromJSON(JSON.parse(JSON.stringify(tokenizer)));
        expect(tokenizer.decode(tokenizer.encode(source))).toBe(source);
        expect(again.encode(source)).toEqual(tokenizer.encode(source));
      }),
    );
  });

  it("names an unknown character, its place and what it knows", () => {
    const tokenizer = new CharacterTokenizer("abc");
    expect(() => tokenizer.encode("ab\u00e9")).toThrow('encode: the vocabulary has no character "\u00e9" (U+00E9), got it at position 2; it knows "abc"');
    expect(() => tokenizer.encode("z")).toThrow(DataError);
    expect(() => tokenizer.decode([3])).toThrow("decode takes ids from 0 to 2, got 3");
    expect(() => new CharacterTokenizer("")).toThrow(DataError);
  });
});

describe("ByteTokenizer", () => {
  it("is UTF-8", () => {
    const tokenizer = new ByteTokenizer();
    expect([...tokenizer.encode("A\u00e9")]).toEqual([0x41, 0xc3, 0xa9]);
    expect(tokenizer.decode([0x41, 0xc3, 0xa9])).toBe("A\u00e9");
    expect(tokenizer.decode([0xc3])).toBe("\ufffd");
    expect(() => tokenizer.decode([256])).toThrow(UsageError);
    expect(() => tokenizer.decode([1.5])).toThrow(UsageError);
  });
});

describe("loadBpe", () => {
  it("gives GPT-2's ids", async () => {
    const tokenizer = await loadBpe("gpt2");
    expect(tokenizer.size).toBe(50257);
    expect([...tokenizer.encode("Hello world")]).toEqual([15496, 995]); // the ids of OpenAI's own encoder
    expect(tokenizer.decode([15496, 995])).toBe("Hello world");
  });

  it("takes special tokens in a text for plain text", async () => {
    const tokenizer = await loadBpe("gpt2");
    const ids = tokenizer.encode("a<|endoftext|>b");
    expect([...ids]).not.toContain(50256);
    expect(tokenizer.decode(ids)).toBe("a<|endoftext|>b");
  });

  it("compacts to the ids that occur", async () => {
    const source = "the whale, the white whale";
    const tokenizer = await loadBpe("gpt2", { compactTo: source });
    const ids = tokenizer.encode(source);
    expect(tokenizer.size).toBe(new Set(ids).size);
    expect(Math.max(...ids)).toBe(tokenizer.size - 1);
    expect(tokenizer.decode(ids)).toBe(source);
    expect(() => tokenizer.encode("ship")).toThrow('the compact vocabulary has no token "ship"');
    const again = await tokenizerFromJSON(JSON.parse(JSON.stringify(tokenizer)));
    expect(again.encode(source)).toEqual(ids);
  });

  it("refuses unknown encodings and options", async () => {
    await expect(loadBpe("gpt5" as BpeEncoding)).rejects.toThrow('loadBpe: unknown encoding, got "gpt5"; use gpt2, cl100k, o200k');
    await expect(loadBpe("gpt2", { compact: true } as object)).rejects.toThrow('unknown option "compact"');
  });
});

describe("tokenizerFromJSON", () => {
  it.each([[null], [{}], [{ kind: "characters" }], [{ kind: "bpe", encoding: "gpt2", ids: "all" }], [{ kind: "words" }], ["bytes"]])("refuses %j", async (json) => {
    await expect(tokenizerFromJSON(json)).rejects.toThrow(DataError);
  });

  it("refuses ids that are not rising or out of range", async () => {
    for (const ids of [[3, 2], [1, 1], [50257], [-1], [0.5]]) {
      await expect(tokenizerFromJSON({ kind: "bpe", encoding: "gpt2", ids })).rejects.toThrow(/rising whole numbers/);
    }
  });
});
