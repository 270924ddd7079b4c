// Where a text comes from: bytes of a file, checked.
import { DataError } from "../errors.js";

/**
 * Text of a file's bytes: UTF-8, without a byte order mark, with line ends as "\n".
 *
 * Throws: DataError that names the first bad byte of text that is not UTF-8, or says that the file is empty.
 */
export function decodeText(bytes: Uint8Array, name: string): string {
  if (bytes.length === 0) throw new DataError(`${name}: the file is empty; use a file with text`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).replace(/\r\n?/g, "\n");
  } catch (cause) {
    const at = firstBadByte(bytes);
    const line = 1 + countNewlines(bytes.subarray(0, at));
    const hex = bytes[at]!.toString(16).toUpperCase().padStart(2, "0");
    throw new DataError(`${name}: not UTF-8 text, got byte 0x${hex} at offset ${at} (line ${line}); convert the file to UTF-8`, { cause });
  }
}

/** The longest prefix that decodes, by bisection; `stream` allows a sequence cut off by the prefix's end. */
function firstBadByte(bytes: Uint8Array): number {
  const decodes = (length: number, stream: boolean) => {
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, length), { stream });
      return true;
    } catch {
      return false;
    }
  };
  let good = 0;
  let bad = bytes.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1;
    if (middle <= bytes.length && decodes(middle, true)) good = middle;
    else bad = middle;
  }
  // A sequence that the end of the file cuts off starts up to three bytes before it.
  while (good > 0 && !decodes(good, false)) good--;
  return Math.min(good, bytes.length - 1);
}

function countNewlines(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte === 0x0a) count++;
  return count;
}
