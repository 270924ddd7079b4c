import { describe, expect, it } from "vitest";
import { decodeText, text } from "../../src/data/index.js";
import { DataError, UsageError } from "../../src/errors.js";

const alphabet = Array.from({ length: 1000 }, (_, i) => String.fromCharCode(0x4e00 + i)).join(""); // every character once: a token is its place

describe("text.characters", () => {
  const make = (seed = 1) => text.characters(alphabet, { block: 8, batch: 5, seed });

  it("holds back the last tenth", () => {
    const data = make();
    expect([data.train.length, data.validation.length]).toEqual([900, 100]);
    expect(data.vocab.size).toBe(1000);
    expect(text.characters(alphabet, { block: 8, batch: 5, validation: 0 }).validation.length).toBe(0);
  });

  it("draws windows of the training part whose targets are one token on", () => {
    const data = make();
    const starts = new Set<number>();
    for (let round = 0; round < 400; round++) {
      const { tokens, targets, shape } = data.next();
      expect(shape).toEqual([5, 8]);
      for (let row = 0; row < 5; row++) {
        const start = tokens[row * 8]!;
        starts.add(start);
        for (let i = 0; i < 8; i++) {
          expect(tokens[row * 8 + i]).toBe(start + i);
          expect(targets[row * 8 + i]).toBe(start + i + 1);
        }
      }
    }
    // Every start that has a whole window is possible, the first and the last included: 2,000 draws of 892.
    expect(Math.min(...starts)).toBeLessThan(10);
    expect(Math.max(...starts)).toBeGreaterThan(882);
    expect(Math.max(...starts)).toBeLessThanOrEqual(891);
    expect(starts.size).toBeGreaterThan(700);
  });

  it("reaches the first and the last window of a text with two", () => {
    const data = text.characters("abcd", { block: 2, batch: 1, validation: 0 });
    const seen = new Set(Array.from({ length: 50 }, () => data.next().tokens.join()));
    expect([...seen].sort()).toEqual(["0,1", "1,2"]);
  });

  it("repeats from its seed and goes on from its state", () => {
    const a = make(7);
    const b = make(7);
    expect(a.next()).toEqual(b.next());
    const state = JSON.parse(JSON.stringify(a.stateDict())) as { seed: number; offset: number };
    const rest = [a.next(), a.next()];
    const c = make(99);
    c.loadStateDict(state);
    expect([c.next(), c.next()]).toEqual(rest);
    expect(make(8).next()).not.toEqual(make(7).next());
  });

  it("gives the same validation batches every time, spread over the whole part", () => {
    const data = make();
    const batches = data.validationBatches(4);
    data.next();
    expect(data.validationBatches(4)).toEqual(batches);
    const starts = batches.flatMap(({ tokens }) => [0, 1, 2, 3, 4].map((row) => tokens[row * 8]!));
    expect(starts[0]).toBe(900);
    expect(starts[19]).toBe(991); // its last target is token 999
    expect(new Set(starts).size).toBe(20);
    expect(batches[3]!.targets[4 * 8 + 7]).toBe(999);
    expect(text.characters(alphabet, { block: 8, batch: 5, validation: 0 }).validationBatches(2)).toEqual([]);
  });

  it("tells texts apart", () => {
    const other = text.characters(`${alphabet.slice(1)}${alphabet[0]}`, { block: 8, batch: 5 });
    expect(make(1).fingerprint).toBe(make(2).fingerprint);
    expect(other.fingerprint).not.toBe(make().fingerprint);
  });

  it("names what is too short, and the way out", () => {
    const call = (length: number, validation?: number) => () =>
      text.characters("x".repeat(length), { block: 64, batch: 1, ...(validation !== undefined && { validation }) });
    expect(call(12)).toThrow("text: needs at least block + 1 = 65 tokens, got 12; use a shorter block or more text");
    expect(call(70)).toThrow("text: for training needs at least block + 1 = 65 tokens, got 63");
    expect(call(600)).toThrow("text: for validation needs at least block + 1 = 65 tokens, got 60; use a shorter block, more text or a larger validation share");
    expect(call(0)).toThrow(DataError);
    expect(call(65, 0)).not.toThrow();
    expect(call(650)).not.toThrow();
  });

  it.each([
    [{ block: 0, batch: 1 }, /block must be a whole number >= 1, got 0/],
    [{ block: 8, batch: 1.5 }, /batch must be a whole number/],
    [{ block: 8, batch: 1, validation: 1 }, /validation must be .* < 1, got 1/],
    [{ block: 8, batch: 1, seed: -1 }, /seed must be/],
    [{ block: 8, batch: 1, blocks: 3 }, /unknown option "blocks"/],
  ])("refuses %j", (options, message) => {
    expect(() => text.characters(alphabet, options)).toThrow(message);
    expect(() => text.characters(alphabet, options)).toThrow(UsageError);
  });

  it("refuses what is not a string", () => {
    expect(() => text.bytes(new Uint8Array(100) as unknown as string, { block: 1, batch: 1 })).toThrow("text.bytes: source must be a string, got object");
  });
});

describe("text.bytes and text.bpe", () => {
  it("count tokens in their own units", async () => {
    const source = "\u00e9t\u00e9 ".repeat(40);
    expect(text.bytes(source, { block: 4, batch: 1, validation: 0 }).train.length).toBe(240);
    const full = await text.bpe(source, { block: 4, batch: 1, validation: 0 });
    const compact = await text.bpe(source, { block: 4, batch: 1, validation: 0, compact: true });
    expect(full.vocab.size).toBe(50257);
    expect(compact.vocab.size).toBeLessThan(20);
    expect(compact.vocab.decode(compact.train)).toBe(source);
    await expect(text.bpe(source, { block: 4, batch: 1, compat: true } as never)).rejects.toThrow('unknown option "compat"');
  });
});

describe("decodeText", () => {
  const bytes = (...parts: (string | number)[]) => Uint8Array.from(parts.flatMap((part) => (typeof part === "number" ? [part] : [...new TextEncoder().encode(part)])));

  it("drops a byte order mark and makes line ends \\n", () => {
    expect(decodeText(bytes(0xef, 0xbb, 0xbf, "a\r\nb\rc\nd"), "x.txt")).toBe("a\nb\nc\nd");
  });

  it.each([
    [bytes("one\ntwo", 0xff, "three"), "x.txt: not UTF-8 text, got byte 0xFF at offset 7 (line 2); convert the file to UTF-8"],
    [bytes(0x80), "got byte 0x80 at offset 0 (line 1)"],
    [bytes("ab", 0xe2, 0x82), "got byte 0xE2 at offset 2 (line 1)"],
    [bytes("ab", 0xe2, 0x82, "c"), "at offset"],
    [bytes("\u00e9".repeat(1000), 0xc0), "got byte 0xC0 at offset 2000"],
    [new Uint8Array(0), "x.txt: the file is empty; use a file with text"],
  ])("refuses bad bytes %#", (input, message) => {
    expect(() => decodeText(input, "x.txt")).toThrow(message);
    expect(() => decodeText(input, "x.txt")).toThrow(DataError);
  });
});
