// Lines of JSON, the refusal to compare across adapters, the bars, the report.
import { describe, expect, it } from "vitest";
import { bars, judge } from "../../src/bench/bars.js";
import { compareRows } from "../../src/bench/compare.js";
import { chartsOf } from "../../src/bench/report/charts.js";
import { htmlReport } from "../../src/bench/report/html.js";
import { digits, lineOf, TextReport } from "../../src/bench/report/text.js";
import { keyOf, parseLines, rowFormat, timed, toLine, type Environment, type Measurement, type Row } from "../../src/bench/row.js";
import { casesOf } from "../../src/bench/suites/index.js";
import { baselineFile, casesWithBars, verdictLines } from "../../src/cli/bench/baseline.js";

const environment: Environment = {
  adapter: "llvmpipe: Mesa 25", class: "cpu", software: true, runtime: "Node v20", machine: "2 x CPU, load 0.1",
  commit: "abc1234", date: "2026-01-01T00:00:00.000Z", versions: { kiln: "0.1.0" },
};
const measurement: Measurement = { suite: "kernels", name: "matmul", shape: "[8,8] x [8,8]", contender: "kiln", unit: "ms", median: 2, q1: 1.9, q3: 2.2, min: 1.8, samples: 7, inner: 3 };
const row = (changes: Partial<Row> = {}): Row => ({ format: rowFormat, ...measurement, environment, ...changes });
const elsewhere = { ...environment, adapter: "NVIDIA H100" };

describe("lines of JSON", () => {
  it("come back as they were written", () => {
    const rows = [row(), row({ contender: "tfjs", median: null, error: 'crashed: "x"\nline 2' })];
    const parsed = parseLines(`${rows.map(toLine).join("\n")}\n`);
    expect(parsed).toEqual({ rows, others: [] });
  });

  it("keep six digits of a number, and whole numbers whole", () => {
    expect(JSON.parse(toLine(row({ median: 1.23456789, flops: 2147483648123 })))).toMatchObject({ median: 1.23457, flops: 2147483648123 });
  });

  it("are told from lines of other kinds, which stay", () => {
    const other = '{"bench":"advise","adapter":"llvmpipe"}';
    const later = toLine(row({ format: 99 as never }));
    const { rows, others } = parseLines([other, toLine(row()), "not json", "", later, "null", "[]"].join("\n"));
    expect(rows).toEqual([row()]);
    expect(others).toEqual([other, "not json", later, "null", "[]"]);
  });

  it("say what follows from a time", () => {
    const { gflops, gbps } = timed({ suite: "s", name: "n", shape: "", contender: "kiln" }, { median: 2, q1: 2, q3: 2, min: 2, samples: 1 }, { flops: 4e9, bytes: 1e6 });
    expect(gflops).toBeCloseTo(2000, 9);
    expect(gbps).toBeCloseTo(0.5, 9);
  });
});

describe("compareRows", () => {
  it("refuses another adapter", () => {
    expect(() => compareRows([row()], [row({ environment: elsewhere })])).toThrow('--compare: measured on another adapter, got "llvmpipe: Mesa 25" for "NVIDIA H100"');
    expect(() => compareRows([row(), row({ environment: elsewhere })], [row()])).toThrow("another adapter");
  });

  it("refuses nothing to compare with", () => {
    expect(() => compareRows([], [row()])).toThrow("no measurements");
    expect(() => compareRows([row({ shape: "[9]" })], [row()])).toThrow("none of the measurements of this run");
  });

  it("gives ratios of what both have, and says where they are clear of the noise", () => {
    const before = [row({ median: 4, q1: 3.8, q3: 4.4 }), row({ contender: "tfjs", median: 2.1, q1: 1.8, q3: 2.4 })];
    const now = [row(), row({ contender: "tfjs" }), row({ contender: "new" })];
    expect(compareRows(before, now)).toEqual([
      { key: keyOf(row()), before: 4, now: 2, unit: "ms", ratio: 0.5, isClear: true },
      { key: keyOf(row({ contender: "tfjs" })), before: 2.1, now: 2, unit: "ms", ratio: 2 / 2.1, isClear: false },
    ]);
  });

  it("takes the latest of several rows", () => expect(compareRows([row({ median: 9 }), row({ median: 4 })], [row()])[0]!.before).toBe(4));
});

describe("the choice of cases", () => {
  const choose = (names: string[], filter?: string) => casesOf({ names, isQuick: false, filter });
  it("by suite, by group of kernels, by text", () => {
    expect(new Set(choose([]).map(({ suite }) => suite))).toEqual(new Set(["optimizers", "kernels", "step"]));
    expect(new Set(choose(["step"]).map(({ suite }) => suite))).toEqual(new Set(["step"]));
    expect(new Set(choose(["layer-norm"]).map(({ name }) => name))).toEqual(new Set(["layer-norm forward", "layer-norm forward+backward"]));
    expect(choose([], "ADAMW STEP 10,000,000 in 52")).toHaveLength(1);
  });

  it("refuses what is not there", () => {
    expect(() => choose(["matmull"])).toThrow('unknown suite, got "matmull"');
    expect(() => choose(["step"], "matmul")).toThrow("nothing is left to measure");
  });

  it("has no two cases of one key", () => {
    for (const isQuick of [false, true]) {
      const keys = casesOf({ names: [], isQuick }).map((one) => keyOf({ ...one, contender: "" }));
      expect(new Set(keys).size).toBe(keys.length);
    }
  });
});

describe("bars", () => {
  it("each have a case that measures them, or a process", () => {
    const cases = casesWithBars();
    const names = new Set([...cases.map(({ name }) => name), "host time a step", "host time a step, one at a time", "step over kernels"]);
    for (const { row: wanted } of bars) if (wanted.suite !== "process") expect(names, `${wanted.name}`).toContain(wanted.name);
    expect(cases).toHaveLength(6);
  });

  it("pass or not by their own rows, and are not measured without", () => {
    const peer = row({ shape: "[1024,1024] x [1024,1024]", contender: "jax-js", overKiln: 3.4 });
    const transposed = { ...peer, shape: "[1024,1024] x [1024,1024]T", overKiln: 99 };
    const stateOf = (rows: Row[], areSet = true) => judge(rows, areSet).find(({ what }) => what === "matmul 1024^3, against jax-js");
    expect(stateOf([transposed])).toMatchObject({ state: "not measured" });
    expect(stateOf([transposed, peer])).toMatchObject({ state: "PASS", value: "3.40 x", bar: "at least 3.00 x" });
    expect(stateOf([{ ...peer, overKiln: 2.99 }])).toMatchObject({ state: "NOT REACHED" });
    expect(stateOf([peer], false)).toMatchObject({ state: "for information" });
  });

  it("do not count against a peer whose results are wrong", () => {
    const wrong = row({ shape: "[1024,1024] x [1024,1024]", contender: "tfjs", overKiln: 50, error: "wrong result" });
    expect(judge([wrong], true).find(({ what }) => what === "matmul 1024^3, against tfjs")).toMatchObject({ state: "NOT REACHED", value: "50.00 x (wrong result)" });
  });

  it("hold limits from above: one dispatch too many is not reached", () => {
    const calls = { dispatches: 91, submits: 1, pipelines: 0, buffers: 0, bindGroups: 0, writes: 1, readbacks: 0 };
    const verdicts = judge([row({ suite: "step", name: "training step", shape: "nanogpt-cpu: 4 layers", calls })], true);
    const stateOf = (what: string) => verdicts.find((verdict) => verdict.what === what)!.state;
    expect([stateOf("dispatches a step"), stateOf("submits a step"), stateOf("readbacks in the step path")]).toEqual(["NOT REACHED", "PASS", "PASS"]);
  });

  it("are listed in columns", () => {
    const lines = verdictLines(judge([], true));
    expect(lines).toHaveLength(bars.length);
    expect(new Set(lines.map((line) => line.indexOf("not measured"))).size).toBe(1);
  });
});

describe("the file of an adapter", () => {
  it("is named by it, without its driver's version", () => {
    expect(baselineFile("llvmpipe: Mesa 25.0.7-2~bpo12+1 (LLVM 15.0.6)")).toBe("bench/baseline/llvmpipe.jsonl");
    expect(baselineFile("NVIDIA H100 80GB HBM3")).toBe("bench/baseline/nvidia-h100-80gb-hbm3.jsonl");
    expect(baselineFile("SwiftShader Device (Subzero)")).toBe("bench/baseline/swiftshader-device.jsonl");
  });
});

describe("reports", () => {
  const peer: Measurement = { ...measurement, contender: "tfjs", median: 8, overKiln: 4, error: "wrong result: 1 <script>" };

  it("print a heading a case, and errors beside the numbers", () => {
    const lines: string[] = [];
    const report = new TextReport((line) => lines.push(line));
    for (const one of [measurement, peer, { ...measurement, shape: "[9,9] x [9,9]" }]) report.add(one);
    expect(lines.filter((line) => line.startsWith("\nkernels"))).toHaveLength(2);
    expect(lines[2]).toContain("4.00 x");
    expect(lines[2]).toContain("! wrong result");
    expect(lineOf({ ...measurement, median: null, error: "crashed" })).toMatch(/^ {2}kiln +- .*! crashed$/);
  });

  it("show three digits", () => expect([1234.5, 99.95, 3.14159, 0.012345, 0].map(digits)).toEqual(["1235", "100.0", "3.14", "0.0123", "0"]));

  it("are one HTML file that loads nothing, with charts, tables and the adapter, all text escaped", async () => {
    const steps = [1e4, 1e5].map((parameters): Measurement => ({ ...measurement, suite: "optimizers", name: "AdamW step", shape: `${parameters.toLocaleString("en")} in 50`, gbps: 3 }));
    const rows = [...steps, measurement, peer];
    expect(chartsOf(rows).map(({ title }) => title)).toEqual(["AdamW step in 50 tensors: GB/s", "kernels: time over Kiln's"]);
    const html = await htmlReport(rows, { environment, verdicts: judge(rows, true) });
    expect(html.match(/<svg/g)).toHaveLength(2);
    expect(html).toContain("llvmpipe: Mesa 25");
    expect(html).toContain("A software adapter");
    expect(html).toContain("&lt;script&gt;");
    expect(html).not.toMatch(/<script|<link|src=|href=|@import|url\((?!#)/);
  });

  it("are made of nothing too", async () => expect(await htmlReport([], { environment })).toContain("<h1>kiln bench</h1>"));
});
