import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CheckpointError } from "../../src/errors.js";
import { decodeSafetensors, encodeSafetensors, type SafetensorsEntry } from "../../src/io/safetensors.js";
import { testRandom } from "../support/nd.js";

const widths = { U8: 1, F16: 2, F32: 4, I32: 4, F64: 8 } as const;

/** A file written by hand from the format's rules, without the writer under test. */
function fileOf(header: string, data: Uint8Array | number = new Uint8Array(0), claimed?: bigint): Uint8Array {
  const json = new TextEncoder().encode(header);
  const body = typeof data === "number" ? new Uint8Array(data) : data;
  const file = new Uint8Array(8 + json.length + body.length);
  new DataView(file.buffer).setBigUint64(0, claimed ?? BigInt(json.length), true);
  file.set(json, 8);
  file.set(body, 8 + json.length);
  return file;
}

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

  const tensor = (shape: string, offsets: string, dtype = '"F32"') => `{"w":{"dtype":${dtype},"shape":${shape},"data_offsets":${offsets}}}`;
  const bad: [string, Uint8Array, RegExp][] = [
    ["nothing", new Uint8Array(0), /too short, got 0 bytes/],
    ["seven bytes", new Uint8Array(7), /too short/],
    ["a length of 2^63", fileOf("{}", 0, 2n ** 63n), /over the limit of 100000000/],
    ["a length over the file", fileOf("{}", 0, 1000n), /longer than the file/],
    ["a header that is not JSON", fileOf("{nope}"), /not valid JSON/],
    ["a header that is an array", fileOf("[]"), /does not begin with/],
    ["an empty header", fileOf(""), /does not begin with/],
    ["a header that is not UTF-8", fileOf("{}", 0).map((byte, i) => (i === 9 ? 0xff : byte)), /not valid JSON in UTF-8/],
    ["a name twice", fileOf('{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0077":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}', 8), /duplicate key "w"/],
    ["a field twice", fileOf('{"w":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}', 4), /duplicate key "shape"/],
    ["metadata that is a number", fileOf('{"__metadata__":{"step":1}}'), /"step" is not a string/],
    ["metadata that is a list", fileOf('{"__metadata__":[]}'), /not an object/],
    ["an unknown dtype", fileOf(tensor("[1]", "[0,4]", '"F31"'), 4), /unknown dtype, got "F31"/],
    ["a dtype of Object's prototype", fileOf(tensor("[1]", "[0,4]", '"toString"'), 4), /unknown dtype/],
    ["a missing dtype", fileOf('{"w":{"shape":[1],"data_offsets":[0,4]}}', 4), /unknown dtype, got undefined/],
    ["a negative extent", fileOf(tensor("[-1]", "[0,4]"), 4), /bad shape/],
    ["a fractional extent", fileOf(tensor("[1.5]", "[0,4]"), 4), /bad shape/],
    ["a huge extent", fileOf(tensor("[1e308]", "[0,4]"), 4), /bad shape/],
    ["extents whose product overflows", fileOf(tensor("[4294967296,4294967296,4294967296]", "[0,4]"), 4), /needs Infinity bytes, got 4/],
    ["sixty-five dimensions", fileOf(tensor(`[${Array(65).fill(1).join()}]`, "[0,4]"), 4), /bad shape/],
    ["one offset", fileOf(tensor("[1]", "[0]"), 4), /bad data_offsets/],
    ["offsets in reverse", fileOf(tensor("[1]", "[4,0]"), 4), /outside the data/],
    ["offsets beyond the end", fileOf(tensor("[2]", "[0,8]"), 4), /outside the data/],
    ["a size that is not the shape's", fileOf(tensor("[2]", "[0,4]"), 4), /needs 8 bytes, got 4/],
    ["an unknown field", fileOf('{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"stride":[1]}}', 4), /unknown field "stride"/],
    ["overlapping tensors", fileOf('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}', 12), /"b" overlaps/],
    ["a hole", fileOf('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}', 12), /unused bytes before "b", from 4 to 8/],
    ["bytes at the end", fileOf(tensor("[1]", "[0,4]"), 5), /5 bytes where the tensors take 4/],
    ["a long string", fileOf(`{"${"x".repeat(2_000_000)}":1}`), /is not an object/],
    ["deep nesting", fileOf(`{"w":${"[".repeat(200_000)}${"]".repeat(200_000)}}`), /is not an object|not valid JSON/],
  ];
  for (const [what, file, message] of bad) {
    it(`refuses ${what}`, () => {
      const start = performance.now();
      expect(() => decodeSafetensors(file)).toThrow(message);
      expect(() => decodeSafetensors(file)).toThrow(CheckpointError);
      expect(performance.now() - start).toBeLessThan(2000);
    });
  }

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
