// Every row of the fault table has its tests, in each place where the fault can be, and the table says what came of them.
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
// @ts-expect-error plain JavaScript, of the documents
import { readResults, withResults } from "../../scripts/fault_table.mjs";

const root = resolve(import.meta.dirname, "../..");
const markdown = readFileSync(join(root, "docs/faults.md"), "utf8");

interface Result {
  row: number;
  what: string;
  file: string;
  on: string;
  verdict: string;
  counts: Record<string, number>;
}

const measured = readResults(readFileSync(join(root, "test/fault_results.jsonl"), "utf8")) as { environment: Record<string, unknown>; results: Result[] };

const tests = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".test.ts"))
  .flatMap((name) => [...readFileSync(join(root, "test", name), "utf8").matchAll(/\bfault\(\s*(\d+),\s*"([^"]+)"/g)].map(([, row, place]) => ({ file: `test/${name}`, row: Number(row), place: place! })));

const rows = [...markdown.matchAll(/^\| (\d+) \|/gm)].map(([, row]) => Number(row));
/** What a page alone can meet: its storage, its tab, its reload. */
const inBrowserOnly = [29, 36, 37];
/** What a page meets too, or computes with another compiler of shaders. */
const inBrowserToo = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 21, 28, 30, 32, 34, 38, 41, 42];

/** Where a test's results must be. */
function placesOf(file: string): string[] {
  if (file.startsWith("test/browser/")) return ["Chromium"];
  return file.startsWith("test/gpu/") ? ["SwiftShader", "lavapipe"] : ["host"];
}

describe("the fault table", () => {
  it("has 44 rows", () => expect(rows).toEqual(Array.from({ length: 44 }, (_, i) => i + 1)));

  it.each(rows)("row %i is tested wherever the fault can be", (row) => {
    const files = tests.filter((test) => test.row === row).map(({ file }) => file);
    const isIn = (browser: boolean) => files.some((file) => file.startsWith("test/browser/") === browser);
    expect(isIn(false), `row ${row} in Node`).toBe(!inBrowserOnly.includes(row));
    if ([...inBrowserOnly, ...inBrowserToo].includes(row)) expect(isIn(true), `row ${row} in Chromium`).toBe(true);
  });

  it("has a result of every test, on every adapter that it runs on", () => {
    const missing = tests.flatMap(({ file, row }) =>
      placesOf(file)
        .filter((on) => !measured.results.some((result) => result.row === row && result.file === file && result.on === on))
        .map((on) => `row ${row} of ${file} on ${on}`),
    );
    expect([...new Set(missing)], "run node scripts/fault_report.mjs").toEqual([]);
  });

  it("has no result of a test that is gone, and none but PASS", () => {
    const gone = measured.results.filter(({ file, row, on }) => !tests.some((test) => test.file === file && test.row === row) || !placesOf(file).includes(on));
    expect(gone).toEqual([]);
    expect(measured.results.filter(({ verdict }) => verdict !== "PASS")).toEqual([]);
    const keys = measured.results.map(({ on, file, row, what }) => [on, file, row, what].join(" "));
    expect(new Set(keys).size, "a result twice").toBe(keys.length);
  });

  it("shows these results", () => expect(withResults(markdown, measured)).toBe(markdown));
});
