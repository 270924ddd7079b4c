// The safetensors format: an 8-byte little-endian header length, a JSON header, then the tensors' bytes.
// Pure: bytes in, bytes out. Everything a file claims is checked before anything is taken from it.
import { CheckpointError } from "../errors.js";
import { parseStrictJson } from "./strict_json.js";

/** Bytes an element of every dtype that the format knows and that fills whole bytes. */
const bytesPerElement = {
  BOOL: 1, U8: 1, I8: 1, F8_E4M3: 1, F8_E5M2: 1,
  U16: 2, I16: 2, F16: 2, BF16: 2,
  U32: 4, I32: 4, F32: 4,
  U64: 8, I64: 8, F64: 8,
} as const;

export type SafetensorsDType = keyof typeof bytesPerElement;

export interface SafetensorsEntry {
  dtype: SafetensorsDType;
  shape: readonly number[];
  /** Little-endian, row-major. */
  data: Uint8Array;
}

export interface SafetensorsFile {
  tensors: Map<string, SafetensorsEntry>;
  metadata: Map<string, string>;
}

const metadataKey = "__metadata__";
const prefix_bytes = 8;
/** The format's own limit. */
const maxHeader_bytes = 100_000_000;
const maxRank = 64;

/**
 * A file of `tensors` and string-to-string `metadata`. Widest elements first, so that each tensor is aligned to its
 * element; the header is padded with spaces, so that the data begins at a multiple of 8.
 *
 * Throws: CheckpointError if a tensor's bytes do not fit its shape, or a name is reserved.
 */
export function encodeSafetensors({ tensors, metadata }: SafetensorsFile): Uint8Array<ArrayBuffer> {
  const entries = [...tensors].sort(
    ([a, x], [b, y]) => bytesPerElement[y.dtype] - bytesPerElement[x.dtype] || (a < b ? -1 : a > b ? 1 : 0),
  );
  const fields: [string, unknown][] = metadata.size > 0 ? [[metadataKey, objectOf(metadata)]] : [];
  let at = 0;
  for (const [name, { dtype, shape, data }] of entries) {
    if (name === metadataKey) throw new CheckpointError(`safetensors: the name "${metadataKey}" is reserved, got a tensor of that name; rename it`);
    const expected = byteLength(dtype, shape);
    if (data.byteLength !== expected) {
      throw new CheckpointError(`safetensors: "${name}" ${dtype} [${shape.join(", ")}] needs ${expected} bytes, got ${data.byteLength}`);
    }
    fields.push([name, { dtype, shape, data_offsets: [at, at + expected] }]);
    at += expected;
  }
  const json = new TextEncoder().encode(`{${fields.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`);
  const header_bytes = Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(prefix_bytes + header_bytes + at);
  new DataView(file.buffer).setBigUint64(0, BigInt(header_bytes), true);
  file.set(json, prefix_bytes);
  file.fill(0x20, prefix_bytes + json.length, prefix_bytes + header_bytes);
  at = prefix_bytes + header_bytes;
  for (const [, { data }] of entries) {
    file.set(data, at);
    at += data.byteLength;
  }
  return file;
}

/**
 * Reads a file. The tensors' `data` are views of `file`, not copies.
 *
 * Throws: CheckpointError for anything that breaks the format: a header that is too long, not UTF-8, not JSON or has a
 * name twice; an unknown dtype; a size that disagrees with the shape; tensors that overlap, leave holes or end beyond
 * the file.
 */
export function decodeSafetensors(file: Uint8Array): SafetensorsFile {
  const { header, data } = splitFile(file);
  const metadata = new Map<string, string>();
  const tensors = new Map<string, SafetensorsEntry>();
  const spans: { name: string; begin: number; end: number }[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === metadataKey) {
      readMetadata(value, metadata);
      continue;
    }
    const { dtype, shape, begin, end } = readEntry(name, value, data.byteLength);
    spans.push({ name, begin, end });
    tensors.set(name, { dtype, shape, data: data.subarray(begin, end) });
  }
  refuseHoles(spans, data.byteLength);
  return { tensors, metadata };
}

function splitFile(file: Uint8Array): { header: Record<string, unknown>; data: Uint8Array } {
  if (file.byteLength < prefix_bytes) throw malformed(`file too short, got ${file.byteLength} bytes`);
  const claimed = new DataView(file.buffer, file.byteOffset, file.byteLength).getBigUint64(0, true);
  if (claimed > BigInt(maxHeader_bytes)) throw malformed(`header over the limit of ${maxHeader_bytes} bytes, got a length of ${claimed}`);
  const header_bytes = Number(claimed);
  if (header_bytes > file.byteLength - prefix_bytes) {
    throw malformed(`header longer than the file, got a length of ${header_bytes} in a file of ${file.byteLength} bytes`);
  }
  const bytes = file.subarray(prefix_bytes, prefix_bytes + header_bytes);
  if (bytes[0] !== 0x7b) throw malformed("the header does not begin with {");
  return { header: parseHeader(bytes), data: file.subarray(prefix_bytes + header_bytes) };
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return parseStrictJson(text) as Record<string, unknown>;
  } catch (error) {
    throw malformed(`the header is not valid JSON in UTF-8, ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`, error);
  }
}

function readMetadata(value: unknown, into: Map<string, string>): void {
  if (!isObject(value)) throw malformed(`${metadataKey} is not an object`);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") throw malformed(`${metadataKey} ${shorten(key)} is not a string`);
    into.set(key, text);
  }
}

function readEntry(name: string, value: unknown, data_bytes: number): { dtype: SafetensorsDType; shape: number[]; begin: number; end: number } {
  const refuse = (what: string) => malformed(`${shorten(name)} ${what}`);
  if (!isObject(value)) throw refuse("is not an object");
  const { dtype, shape, data_offsets: offsets, ...rest } = value;
  const extra = Object.keys(rest);
  if (extra.length > 0) throw refuse(`has an unknown field ${shorten(extra[0])}`);
  if (typeof dtype !== "string" || !Object.hasOwn(bytesPerElement, dtype)) throw refuse(`has an unknown dtype, got ${shorten(dtype)}`);
  if (!isWholeNumbers(shape) || shape.length > maxRank) throw refuse(`has a bad shape, got ${shorten(shape)}`);
  if (!isWholeNumbers(offsets) || offsets.length !== 2) throw refuse(`has bad data_offsets, got ${shorten(offsets)}`);
  const [begin, end] = offsets as [number, number];
  if (begin > end || end > data_bytes) throw refuse(`lies outside the data, got offsets [${begin}, ${end}] of ${data_bytes} bytes`);
  const expected = byteLength(dtype as SafetensorsDType, shape);
  if (end - begin !== expected) throw refuse(`${dtype} [${shape.join(", ")}] needs ${expected} bytes, got ${end - begin}`);
  return { dtype: dtype as SafetensorsDType, shape, begin, end };
}

/** Every byte of the data belongs to exactly one tensor. */
function refuseHoles(spans: { name: string; begin: number; end: number }[], data_bytes: number): void {
  spans.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { name, begin, end } of spans) {
    if (begin < at) throw malformed(`${shorten(name)} overlaps another tensor, it begins at ${begin} before ${at}`);
    if (begin > at) throw malformed(`unused bytes before ${shorten(name)}, from ${at} to ${begin}`);
    at = end;
  }
  if (at !== data_bytes) throw malformed(`the data has ${data_bytes} bytes where the tensors take ${at}; the file is cut off or has something appended`);
}

/** Infinity when the product is no exact integer, so that no comparison with a real size holds. */
function byteLength(dtype: SafetensorsDType, shape: readonly number[]): number {
  if (shape.includes(0)) return 0;
  let bytes: number = bytesPerElement[dtype];
  for (const extent of shape) bytes *= extent;
  return Number.isSafeInteger(bytes) ? bytes : Infinity;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isWholeNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((one) => Number.isSafeInteger(one) && (one as number) >= 0);
}

/** Keys such as "__proto__" must become own properties, as they are for JSON.parse. */
function objectOf(map: Map<string, string>): Record<string, string> {
  return Object.fromEntries(map);
}

/** As JSON, and short enough for a message whatever a file holds. */
export function shorten(value: unknown): string {
  const text = (typeof value === "string" ? JSON.stringify(value.slice(0, 100)) : JSON.stringify(value)) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function malformed(what: string, cause?: unknown): CheckpointError {
  return new CheckpointError(`safetensors: not a valid file, ${what}; use another copy of it`, cause === undefined ? {} : { cause });
}
