// Files that break the rules of safetensors or of a checkpoint, written from those rules and not by the writer under test.
// In Node and in a page.
import type { testRandom } from "./nd.js";

export interface HostileFile {
  what: string;
  bytes: Uint8Array<ArrayBuffer>;
  /** Of the error: another rule that refuses the file would hide that its own does not. */
  message: RegExp;
}

/** A file with this header, `data` bytes behind it, and another length of the header than it has. */
export function fileOf(header: string | Uint8Array, data: Uint8Array | number = 0, claimed?: bigint): Uint8Array<ArrayBuffer> {
  const json = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const body = typeof data === "number" ? new Uint8Array(data) : data;
  const file = new Uint8Array(8 + json.length + body.length);
  new DataView(file.buffer).setBigUint64(0, claimed ?? BigInt(json.length), true);
  file.set(json, 8);
  file.set(body, 8 + json.length);
  return file;
}

const entry = (shape: string, offsets: string, dtype = '"F32"') => `{"dtype":${dtype},"shape":${shape},"data_offsets":${offsets}}`;
const one = (shape: string, offsets: string, dtype?: string) => `{"w":${entry(shape, offsets, dtype)}}`;
const two = (first: string, second: string) => `{"a":${first},"b":${second}}`;

/** Against the format. */
export function hostileSafetensors(): HostileFile[] {
  const files: [string, Uint8Array<ArrayBuffer>, RegExp][] = [
    ["nothing", new Uint8Array(0), /too short, got 0 bytes/],
    ["seven bytes", new Uint8Array(7), /too short/],
    ["a length of 2^63", fileOf("{}", 0, 2n ** 63n), /over the limit of 100000000/],
    ["a length of 2^64 - 1", fileOf("{}", 0, 2n ** 64n - 1n), /over the limit of 100000000/],
    ["a length just over the file", fileOf("{}", 0, 3n), /longer than the file/],
    ["a length far over the file", fileOf("{}", 0, 99_999_999n), /longer than the file/],
    ["a length of 0", fileOf("{}", 0, 0n), /does not begin with/],
    ["a header that is not JSON", fileOf("{nope}"), /not valid JSON/],
    ["a header that ends early", fileOf('{"w":{"dtype":"F32"'), /not valid JSON/],
    ["two headers", fileOf("{}{}"), /not valid JSON/],
    ["a header that is an array", fileOf("[]"), /does not begin with/],
    ["a header behind a byte order mark", fileOf(`\ufeff${one("[1]", "[0,4]")}`, 4), /does not begin with/],
    ["a byte order mark within the header", fileOf(`{\ufeff"w":${entry("[1]", "[0,4]")}}`, 4), /not valid JSON/],
    ["a header that is not UTF-8", fileOf(Uint8Array.of(0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d)), /not valid JSON in UTF-8/],
    ["half a surrogate pair in UTF-8", fileOf(Uint8Array.of(0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x7d)), /not valid JSON in UTF-8/],
    ["a NUL in a string", fileOf('{"a\u0000b":1}'), /not valid JSON/],
    ["a name twice", fileOf(`{"w":${entry("[1]", "[0,4]")},"\\u0077":${entry("[1]", "[4,8]")}}`, 8), /duplicate key "w"/],
    ["a field twice", fileOf('{"w":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}', 4), /duplicate key "shape"/],
    ["metadata twice", fileOf('{"__metadata__":{"a":"b"},"__metadata__":{"a":"c"}}'), /duplicate key "__metadata__"/],
    ["metadata that is a number", fileOf('{"__metadata__":{"step":1}}'), /"step" is not a string/],
    ["metadata that is a list", fileOf('{"__metadata__":[]}'), /not an object/],
    ["an entry that is null", fileOf('{"w":null}'), /"w" is not an object/],
    ["__proto__ as a tensor", fileOf('{"__proto__":{"polluted":"yes"}}'), /"__proto__" has an unknown field "polluted"/],
    ["__proto__ as a field", fileOf('{"w":{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}}', 4), /"w" has an unknown field "__proto__"/],
    ["constructor.prototype", fileOf('{"constructor":{"prototype":{"polluted":"yes"}}}'), /"constructor" has an unknown field "prototype"/],
    ["an unknown dtype", fileOf(one("[1]", "[0,4]", '"F31"'), 4), /unknown dtype, got "F31"/],
    ["a dtype of Object's prototype", fileOf(one("[1]", "[0,4]", '"toString"'), 4), /unknown dtype/],
    ["a dtype that is a list", fileOf(one("[1]", "[0,4]", '["F32"]'), 4), /unknown dtype/],
    ["no dtype", fileOf('{"w":{"shape":[1],"data_offsets":[0,4]}}', 4), /unknown dtype, got undefined/],
    ["a negative extent", fileOf(one("[-1]", "[0,4]"), 4), /bad shape/],
    ["a fractional extent", fileOf(one("[1.5]", "[0,4]"), 4), /bad shape/],
    ["an extent in a string", fileOf(one('["1"]', "[0,4]"), 4), /bad shape/],
    ["an extent past 2^53", fileOf(one("[9007199254740993]", "[0,4]"), 4), /bad shape/],
    ["an extent of 1e308", fileOf(one("[1e308]", "[0,4]"), 4), /bad shape/],
    ["an extent of 1e999", fileOf(one("[1e999]", "[0,4]"), 4), /bad shape/],
    ["extents whose product is past 2^53", fileOf(one("[4294967296,4294967296,4294967296]", "[0,4]"), 4), /needs Infinity bytes, got 4/],
    ["a product that is 0 mod 2^64", fileOf(one("[4294967296,4294967296]", "[0,0]")), /needs Infinity bytes, got 0/],
    ["sixty-five dimensions", fileOf(one(`[${Array(65).fill(1).join()}]`, "[0,4]"), 4), /bad shape/],
    ["one offset", fileOf(one("[1]", "[0]"), 4), /bad data_offsets/],
    ["three offsets", fileOf(one("[1]", "[0,4,4]"), 4), /bad data_offsets/],
    ["an offset past 2^53", fileOf(one("[1]", "[9007199254740992,9007199254740996]"), 4), /bad data_offsets/],
    ["a negative offset", fileOf(one("[1]", "[-4,0]"), 4), /bad data_offsets/],
    ["offsets in reverse", fileOf(one("[1]", "[4,0]"), 4), /outside the data/],
    ["offsets beyond the end", fileOf(one("[2]", "[0,8]"), 4), /outside the data/],
    ["a size that is not the shape's", fileOf(one("[2]", "[0,4]"), 4), /needs 8 bytes, got 4/],
    ["an unknown field", fileOf('{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"stride":[1]}}', 4), /unknown field "stride"/],
    ["tensors that overlap", fileOf(two(entry("[2]", "[0,8]"), entry("[2]", "[4,12]")), 12), /"b" overlaps/],
    ["one tensor within another", fileOf(two(entry("[3]", "[0,12]"), entry("[1]", "[4,8]")), 12), /"b" overlaps/],
    ["two tensors of the same bytes", fileOf(two(entry("[1]", "[0,4]"), entry("[1]", "[0,4]")), 4), /"b" overlaps/],
    ["a hole between tensors", fileOf(two(entry("[1]", "[0,4]"), entry("[1]", "[8,12]")), 12), /unused bytes before "b", from 4 to 8/],
    ["a hole before the first", fileOf(one("[1]", "[4,8]"), 8), /unused bytes before "w", from 0 to 4/],
    ["trailing bytes", fileOf(one("[1]", "[0,4]"), 5), /5 bytes where the tensors take 4/],
    ["data without a tensor", fileOf("{}", 4), /4 bytes where the tensors take 0/],
    ["a long name", fileOf(`{"${"x".repeat(1_000_000)}":1}`), /is not an object/],
    ["a string of quotes that never ends", fileOf(`{"${'\\"'.repeat(500_000)}`), /not valid JSON/],
    ["strings that never end", fileOf(`{${'"\\'.repeat(300_000)}`), /not valid JSON/],
    ["nesting, deep and closed", fileOf(`{"w":${"[".repeat(200_000)}${"]".repeat(200_000)}}`), /not valid JSON/],
    ["nesting, deep and open", fileOf(`{"w":${'{"a":'.repeat(200_000)}`), /not valid JSON/],
  ];
  return files.map(([what, bytes, message]) => ({ what, bytes, message }));
}

const checkpointOf = (fields: Record<string, string>) => fileOf(JSON.stringify({ __metadata__: { format: "kiln", format_version: "1", ...fields } }));

/** Valid safetensors, but no checkpoint. */
export function hostileCheckpoints(): HostileFile[] {
  const files: [string, Uint8Array<ArrayBuffer>, RegExp][] = [
    ["no metadata", fileOf("{}"), /got format "none"/],
    ["another program's format", checkpointOf({ format: "pt" }), /got format "pt"/],
    ["no version", checkpointOf({ format_version: "" }), /no version, got ""/],
    ["a version that is no number", checkpointOf({ format_version: "1e3" }), /no version, got "1e3"/],
    ["a version past 2^53", checkpointOf({ format_version: "9007199254740993" }), /no version/],
    ["a later version", checkpointOf({ format_version: "2", state: '{"step":1}' }), /version 2.*up to version 1/],
    ["no state", checkpointOf({}), /no step count/],
    ["a state that is not JSON", checkpointOf({ state: "{" }), /"state" is not a JSON object/],
    ["a state that is a list", checkpointOf({ state: "[1]" }), /"state" is not a JSON object/],
    ["a state nested deep", checkpointOf({ state: `{"step":1,"a":${"[".repeat(100_000)}` }), /"state" is not a JSON object/],
    ["a step that is a string", checkpointOf({ state: '{"step":"1"}' }), /no step count, got "1"/],
    ["a step below 0", checkpointOf({ state: '{"step":-1}' }), /no step count, got -1/],
    ["a step past 2^53", checkpointOf({ state: '{"step":1e300}' }), /no step count/],
    ["an optimizer without moments", checkpointOf({ state: '{"step":1}', optimizer: '{"step":1}' }), /names no moments/],
    ["an optimizer that is null", checkpointOf({ state: '{"step":1}', optimizer: "null" }), /"optimizer" is not a JSON object/],
    ["moments that are no names", checkpointOf({ state: '{"step":1}', optimizer: '{"step":1,"moments":[{}]}' }), /names no moments/],
    ["a moment called __proto__", checkpointOf({ state: '{"step":1}', optimizer: '{"step":1,"moments":["__proto__"]}' }), /./],
  ];
  return files.map(([what, bytes, message]) => ({ what, bytes, message }));
}

/** A valid file, cut or with some bits flipped. Mostly in its header: flips in the weights are other weights. */
export function mutated(file: Uint8Array, round: number, random: ReturnType<typeof testRandom>): Uint8Array<ArrayBuffer> {
  const header_bytes = 8 + Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const isCut = round % 4 === 0;
  const result = Uint8Array.from(isCut ? file.subarray(0, random.integer(file.length)) : file);
  for (let flips = random.integer(3) + (isCut ? 0 : 1); flips > 0 && result.length > 0; flips--) {
    result[random.integer(Math.min(result.length, header_bytes))]! ^= 1 << random.integer(8);
  }
  return result;
}
