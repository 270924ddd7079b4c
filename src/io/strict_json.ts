/**
 * Parses JSON and refuses an object that has the same key twice, which JSON.parse resolves silently. Takes time in proportion to the
 * text, whatever it holds.
 *
 * Range:  nested up to `maxDepth` deep, 64 by default: what is nested deeper was made to exhaust a parser.
 * Throws: SyntaxError.
 */
export function parseStrictJson(text: string, maxDepth = 64): unknown {
  refuseDepth(text, maxDepth);
  const value: unknown = JSON.parse(text);
  refuseDuplicateKeys(text);
  return value;
}

const codes = { quote: 0x22, backslash: 0x5c, openList: 0x5b, openObject: 0x7b, closeList: 0x5d, closeObject: 0x7d } as const;

/**
 * Before anything is parsed. A loop, because text that is no JSON yet drives a pattern for strings to look from each quote to
 * the end.
 */
function refuseDepth(text: string, maxDepth: number): void {
  let depth = 0;
  let isInString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (isInString) {
      if (code === codes.backslash) i++;
      else if (code === codes.quote) isInString = false;
    } else if (code === codes.quote) isInString = true;
    else if (code === codes.openList || code === codes.openObject) depth++;
    else if (code === codes.closeList || code === codes.closeObject) depth--;
    if (depth > maxDepth) throw new SyntaxError(`nested more than ${maxDepth} deep`);
  }
}

/** Walks text that is known to be valid JSON: a string followed by a colon is a key of the innermost object. */
function refuseDuplicateKeys(text: string): void {
  const objects: Set<string>[] = [];
  const token = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[{}]/g;
  for (const match of text.matchAll(token)) {
    if (match[0] === "{") objects.push(new Set());
    else if (match[0] === "}") objects.pop();
    else if (match[1] !== undefined) {
      const key = JSON.parse(match[0].slice(0, -match[1].length)) as string;
      const keys = objects[objects.length - 1]!;
      if (keys.has(key)) throw new SyntaxError(`duplicate key ${JSON.stringify(key.slice(0, 80))}`);
      keys.add(key);
    }
  }
}
