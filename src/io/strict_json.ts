/** What is nested deeper was made to exhaust a parser. */
const maxDepth = 64;

/**
 * Parses JSON and refuses an object that has the same key twice, which JSON.parse resolves silently.
 *
 * Range:  nested up to 64 deep.
 * Throws: SyntaxError.
 */
export function parseStrictJson(text: string): unknown {
  refuseDepth(text);
  const value: unknown = JSON.parse(text);
  refuseDuplicateKeys(text);
  return value;
}

/** Before anything is parsed: strings are skipped, brackets counted. */
function refuseDepth(text: string): void {
  let depth = 0;
  for (const [token] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{}]/g)) {
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") depth--;
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
      if (keys.has(key)) throw new SyntaxError(`duplicate key ${JSON.stringify(key)}`);
      keys.add(key);
    }
  }
}
