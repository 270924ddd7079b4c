import { describe, expect, it } from "vitest";
import { fromHalves, halfBits, halfValue, toHalves } from "../../src/half.js";
import { readElements, entryOf } from "../../src/io/elements.js";
import { decodeSafetensors, encodeSafetensors } from "../../src/io/safetensors.js";
import { testRandom } from "../support/nd.js";

/** The value of a half by the definition in IEEE 754, from the text of its bits. */
function valueOf(bits: number): number {
  const text = bits.toString(2).padStart(16, "0");
  const sign = text[0] === "1" ? -1 : 1;
  const exponent = parseInt(text.slice(1, 6), 2);
  const fraction = [...text.slice(6)].reduce((sum, digit, i) => sum + (digit === "1" ? 2 ** -(i + 1) : 0), 0);
  if (exponent === 31) return fraction === 0 ? sign / 0 : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -14 : sign * (1 + fraction) * 2 ** (exponent - 15);
}

const infinity = 0x7c00;

describe("half precision on the host", () => {
  it("reads all 65,536 values", () => {
    const values = fromHalves(Uint16Array.from({ length: 65536 }, (_, bits) => bits));
    for (let bits = 0; bits < 65536; bits++) expect(Object.is(values[bits], valueOf(bits)), `bits ${bits.toString(16)}`).toBe(true);
  });

  it("writes every value that a half has with its own bits, and every NaN as one", () => {
    for (let bits = 0; bits < 65536; bits++) {
      const value = valueOf(bits);
      expect(halfBits(value), `bits ${bits.toString(16)}`).toBe(Number.isNaN(value) ? 0x7e00 : bits);
    }
  });

  it("rounds to the nearest, and halfway to the even one, between all neighbours of both signs", () => {
    // Collected: half a million calls of expect take seconds.
    const wrong: string[] = [];
    for (let bits = 0; bits < infinity; bits++) {
      const low = valueOf(bits);
      // What would come after 65504, were there another exponent.
      const high = bits + 1 === infinity ? 65536 : valueOf(bits + 1);
      const middle = (low + high) / 2;
      const gap = (high - low) * 2 ** -20;
      const even = bits % 2 === 0 ? bits : bits + 1;
      for (const [value, want] of [[middle, even], [middle - gap, bits], [middle + gap, bits + 1], [low + gap, bits], [high - gap, bits + 1]] as const) {
        if (halfBits(value) !== want) wrong.push(`${value}: ${halfBits(value)}, not ${want}`);
        if (halfBits(-value) !== (want | 0x8000)) wrong.push(`${-value}: ${halfBits(-value)}, not ${want | 0x8000}`);
      }
    }
    expect(wrong.slice(0, 5)).toEqual([]);
  });

  it("overflows to infinity from 65520 on, and underflows below 2^-25", () => {
    expect(halfBits(65519.999)).toBe(0x7bff);
    for (const value of [65520, 1e6, 3.4e38, 1e308, Infinity]) expect(halfBits(value)).toBe(infinity);
    expect(halfBits(-1e6)).toBe(infinity | 0x8000);
    for (const value of [2 ** -25, 2 ** -26, 1e-30, 5e-324]) expect(halfBits(value)).toBe(0);
    expect(halfBits(2 ** -25 * (1 + 2 ** -50))).toBe(1);
    expect(halfBits(-0)).toBe(0x8000);
  });

  it("rounds once, not by way of f32", () => {
    // In f32 this is the middle between 1 and the next half, and that would go to the even 1.
    const value = 1 + 2 ** -11 + 2 ** -40;
    expect(Math.fround(value)).toBe(1 + 2 ** -11);
    expect(halfValue(halfBits(value))).toBe(1 + 2 ** -10);
  });

  it("is the nearest of all values for random numbers of every size", () => {
    const all = Array.from({ length: infinity }, (_, bits) => valueOf(bits));
    const random = testRandom(3);
    for (let round = 0; round < 3000; round++) {
      const value = 2 ** (random.uniform() * 42 - 26) * (1 + random.uniform());
      if (value >= 65520) continue;
      const nearest = Math.min(...all.slice(Math.max(0, halfBits(value) - 2), halfBits(value) + 3).map((half) => Math.abs(half - value)));
      expect(Math.abs(halfValue(halfBits(value)) - value)).toBe(nearest);
    }
  });
});

describe("halves in safetensors", () => {
  const roundTrip = (dtype: "F16" | "BF16", bits: Uint16Array) => {
    const entry = { dtype, shape: [bits.length], data: new Uint8Array(bits.buffer) };
    // A byte before it, so that the reader's view is not aligned.
    const file = encodeSafetensors({ tensors: new Map([["w", entry]]), metadata: new Map() });
    const shifted = new Uint8Array(file.length + 1);
    shifted.set(file, 1);
    return readElements(decodeSafetensors(shifted.subarray(1)).tensors.get("w")!)!;
  };

  it("reads F16 as f16, and writes it back with the same bits", () => {
    const bits = Uint16Array.from({ length: 65536 }, (_, i) => i).filter((half) => !Number.isNaN(valueOf(half)));
    const elements = roundTrip("F16", bits);
    expect(elements.dtype).toBe("f16");
    const entry = entryOf([bits.length], elements);
    expect(entry.dtype).toBe("F16");
    expect(Buffer.compare(Buffer.from(entry.data), Buffer.from(bits.buffer))).toBe(0);
  });

  it("reads BF16 as f32, exactly", () => {
    const values = [0, 1, -2, 0.5, 3.140625, 2 ** 100, -(2 ** -120), Infinity];
    const words = new Uint32Array(Float32Array.from(values).buffer);
    const elements = roundTrip("BF16", Uint16Array.from(words, (word) => word >>> 16));
    expect(elements.dtype).toBe("f32");
    expect([...elements.data]).toEqual(values);
  });

  it("writes odd counts without padding, and knows no F64", () => {
    expect(entryOf([3], { dtype: "f16", data: Float32Array.of(1, 2, 3) }).data.length).toBe(6);
    expect(readElements({ dtype: "F64", shape: [0], data: new Uint8Array(0) })).toBeNull();
    expect([...fromHalves(toHalves([0.1, -0.2]))]).toEqual([0.0999755859375, -0.199951171875]);
  });
});
