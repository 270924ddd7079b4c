import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.js";
import { MetricsFile } from "../../src/node/metrics_file.js";

const folder = mkdtempSync(join(tmpdir(), "kiln-metrics-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the metrics file", () => {
  it("of a resumed run keeps the rows that will not be made again, and drops a line cut off by a crash", () => {
    const path = join(folder, "metrics.jsonl");
    writeFileSync(path, '{"step":1,"loss":3}\n{"step":2,"loss":2}\n{"step":3,"loss":1}\n{"step":4,"lo');
    new MetricsFile(path, 2);
    expect(readFileSync(path, "utf8")).toBe('{"step":1,"loss":3}\n{"step":2,"loss":2}\n');
  });

  it("never rewrites a file that holds something else", () => {
    const path = join(folder, "notes.txt");
    const notes = "Buy clay.\n42\n{\"glaze\":\"celadon\"}\n";
    writeFileSync(path, notes);
    expect(() => new MetricsFile(path, 10)).toThrow(new UsageError(`--metrics: holds something else than metrics, got ${path}; name another file`));
    expect(readFileSync(path, "utf8")).toBe(notes);
  });

  it("of a new run is claimed at once: a second run is refused", () => {
    const path = join(folder, "run/metrics.jsonl");
    new MetricsFile(path, null);
    expect(() => new MetricsFile(path, null)).toThrow(`--metrics: the file exists, got ${path}; name another one`);
  });
});
