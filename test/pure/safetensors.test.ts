import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CheckpointError } from "../../src/errors.js";
import { decodeSafetensors, encodeSafetensors, type SafetensorsEntry } from "../../src/io/safetensors.js";
import { fileOf, hostileSafetensors } from "../support/hostile_files.js";
import { testRandom } from "../support/nd.js";

const widths = { U8: 1, F16: 2, F32: 4, I32: 4, F64: 8 } as const;

function floats(...values: number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}

describe("safetensors", () => {
  it("reads a file written by hand", () => {
    const header = '{"__metadata__":{"a":"b"},"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"none":{"dtype":"I32","shape":[0],"data_offsets":[8,8]}}   ';
    const { tensors, metadata } = decodeSafetensors(fileOf(header, floats(1.5, -2)));
    expect([...metadata]).toEqual([["a", "b"]]);
    expect([...tensors.keys()]).toEqual(["w", "none"]);
    const w = tensors.get("w")!;
    expect(w.shape).toEqual([1, 2]);
    expect([...new Float32Array(w.data.slice().buffer)]).toEqual([1.5, -2]);
    expect(tensors.get("none")!.data.length).toBe(0);
  });

  it("writes what another reader would expect: lengths, alignment, offsets", () => {
    const tensors = new Map<string, SafetensorsEntry>([
      ["small", { dtype: "U8", shape: [3], data: Uint8Array.of(7, 8, 9) }],
      ["wide", { dtype: "F64", shape: [], data: new Uint8Array(new Float64Array([Math.PI]).buffer) }],
      ["w", { dtype: "F32", shape: [2], data: floats(1, 2) }],
    ]);
    const file = encodeSafetensors({ tensors, metadata: new Map() });
    const view = new DataView(file.buffer);
    const header_bytes = Number(view.getBigUint64(0, true));
    expect(header_bytes % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + header_bytes))) as Record<string, { data_offsets: [number, number] }>;
    expect(header).toEqual({
      wide: { dtype: "F64", shape: [], data_offsets: [0, 8] },
      w: { dtype: "F32", shape: [2], data_offsets: [8, 16] },
      small: { dtype: "U8", shape: [3], data_offsets: [16, 19] },
    });
    expect(view.getFloat64(8 + header_bytes, true)).toBe(Math.PI);
    expect(view.getFloat32(8 + header_bytes + 12, true)).toBe(2);
    expect(file.length).toBe(8 + header_bytes + 19);
  });

  it("round-trips any names, shapes, bytes and metadata", () => {
    const entry = fc.record({ dtype: fc.constantFrom(...(Object.keys(widths) as (keyof typeof widths)[])), shape: fc.array(fc.nat(4), { maxLength: 3 }), seed: fc.nat() });
    const name = fc.string({ unit: "binary", maxLength: 12 }).filter((text) => text !== "__metadata__");
    fc.assert(
      fc.property(fc.dictionary(name, entry, { maxKeys: 8 }), fc.dictionary(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" })), (specs, metadata) => {
        const tensors = new Map<string, SafetensorsEntry>(
          Object.entries(specs).map(([key, { dtype, shape, seed }]) => {
            const random = testRandom(seed);
            const bytes = shape.reduce((product, extent) => product * extent, 1) * widths[dtype];
            return [key, { dtype, shape, data: Uint8Array.from({ length: bytes }, () => random.integer(256)) }];
          }),
        );
        const read = decodeSafetensors(encodeSafetensors({ tensors, metadata: new Map(Object.entries(metadata)) }));
        expect(new Map([...read.tensors].sort())).toEqual(new Map([...tensors].sort()));
        expect(Object.fromEntries(read.metadata)).toEqual(Object.fromEntries(Object.entries(metadata)));
      }),
    );
  });

  const limit_ms = 50;

  it.each(hostileSafetensors())("refuses $what", ({ bytes, message }) => {
    const refused = () => {
      const started = performance.now();
      let error: unknown;
      try {
        decodeSafetensors(bytes);
      } catch (caught) {
        error = caught;
      }
      const took_ms = performance.now() - started;
      expect(error).toBeInstanceOf(CheckpointError);
      expect((error as Error).message).toMatch(message);
      expect((error as Error).message.length, "of a message, whatever the file holds").toBeLessThan(500);
      return took_ms;
    };
    // The best of three: another process may have had the core.
    expect(Math.min(refused(), refused(), refused())).toBeLessThan(limit_ms);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it("survives 10,000 flips and cuts: a typed error, or a file that still obeys the rules", () => {
    const valid = encodeSafetensors({
      tensors: new Map([
        ["a", { dtype: "F32", shape: [2, 3], data: floats(1, 2, 3, 4, 5, 6) }],
        ["b", { dtype: "U8", shape: [5], data: Uint8Array.of(1, 2, 3, 4, 5) }],
      ]),
      metadata: new Map([["format", "1"]]),
    });
    const random = testRandom(17);
    let refused = 0;
    for (let round = 0; round < 10_000; round++) {
      const file = valid.slice(0, round % 3 === 0 ? random.integer(valid.length) : valid.length);
      for (let flips = random.integer(3) + (round % 3 === 0 ? 0 : 1); flips > 0 && file.length > 0; flips--) file[random.integer(file.length)]! ^= 1 << random.integer(8);
      try {
        for (const { dtype, shape, data } of decodeSafetensors(file).tensors.values()) {
          if (dtype === "F32") expect(data.length).toBe(4 * shape.reduce((product, extent) => product * extent, 1));
        }
      } catch (error) {
        if (!(error instanceof CheckpointError)) throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(5000);
  });

  it("refuses to write what it could not read", () => {
    const write = (name: string, shape: number[], bytes: number) => () =>
      encodeSafetensors({ tensors: new Map([[name, { dtype: "F32", shape, data: new Uint8Array(bytes) }]]), metadata: new Map() });
    expect(write("w", [2], 4)).toThrow(/"w" F32 \[2\] needs 8 bytes, got 4/);
    expect(write("__metadata__", [1], 4)).toThrow(/reserved/);
  });
});
