// Charts are SVG with their numbers, and the report is one file without scripts or requests.
import { describe, expect, it } from "vitest";
import type { Device } from "../../../src/gpu/device.js";
import { drawChart, experiment, labReport, MemoryStore, runExperiment, type Chart } from "../../../src/lab/index.js";

const lines: Chart = {
  ...{ kind: "lines", title: "Loss over rate", x: { name: "rate", log: true }, y: { name: "loss" }, marks: [{ x: 0.1, label: "2 / sharpness" }] },
  series: [
    { name: "warmup", points: [[0.01, 3], [0.1, 2], [1, NaN]], band: [[0.01, 2.5, 3.5], [0.1, 1.5, 2.5], [1, NaN, NaN]] },
    { name: "none", points: [[0.01, 3], [0.1, 4]], style: "dashed" },
  ],
};
const heat: Chart = { kind: "heat", title: "Grid", x: { name: "rate", values: [0.001, 0.002] }, y: { name: "warmup", values: ["none", "10 steps"] }, cells: [[1.234567, null], [0.5, NaN]], unit: "final loss" };
const bars: Chart = { kind: "bars", title: "Gap", categories: ["a", "b"], y: { name: "gap" }, series: [{ name: "one", values: [1, -2], low: [0.5, -3], high: [1.5, -1] }, { name: "two", values: [null, 2] }] };

describe("a chart", () => {
  it("of lines names its series, axes and marks, and shades the spread", async () => {
    const svg = await drawChart(lines);
    for (const text of ["Loss over rate", "warmup", "none", "rate", "loss", "2 / sharpness"]) expect(svg).toContain(text);
    expect(svg).toContain('fill-opacity="0.18"');
    expect(svg).not.toContain("NaN");
  });

  it("of a grid has a number in each field, and a cross where training diverged", async () => {
    const svg = await drawChart(heat);
    for (const text of [">1.23<", ">0.5<", "10 steps", "final loss"]) expect(svg).toContain(text);
    expect(svg.match(/>×</g)).toHaveLength(2);
    expect(svg).not.toContain("NaN");
  });

  it("of bars leaves out what there is not", async () => {
    const svg = await drawChart(bars);
    expect(svg).toContain("Gap");
    expect(svg).not.toContain("NaN");
    expect(svg.match(/fill-opacity="0.85"/g)).toHaveLength(3);
  });

  it("is the same for the same numbers", async () => {
    for (const chart of [lines, heat, bars]) expect(await drawChart(chart)).toBe(await drawChart(chart));
  });
});

it("the report holds verdicts, criteria, pictures, tables and advice, escaped, and loads nothing", async () => {
  const one = experiment({
    ...{ name: "one", group: 2, title: "A <title>", claim: "a & b", source: "nobody", prediction: "it holds", revision: 1 },
    criteria: [{ id: "ratio", statement: "a over b", confirmed: { atLeast: 2 }, contradicted: { atMost: 1 }, unit: "x" }],
    cells: () => [{ seed: 1 }, { seed: 2 }],
    measure: async ({ seed }) => ({ y: seed }),
    conclude: (rows) => ({ values: { ratio: rows.map(({ result }) => 2 * (result.y as number)) }, summary: "Seen.", advice: "Do it.", charts: [lines, heat], tables: [{ title: "All", columns: ["seed", "y"], rows: [[1, NaN], [2, null]] }] }),
  });
  const outcome = await runExperiment(one, { device: null as unknown as Device, size: "small", store: new MemoryStore() });
  const html = await labReport([outcome], { facts: [["adapter", "<none>"]], software: true, skipped: [{ name: "two", reason: "no f16" }] });
  for (const text of ["A &lt;title&gt;", "a &amp; b", "&lt;none&gt;", "3 x (2 to 4)", "at least 2 x", "confirmed", "diverged", "Do it.", "kiln lab one", "no f16", "software adapter"]) expect(html).toContain(text);
  expect(html.match(/<svg/g)).toHaveLength(2);
  expect(html).not.toMatch(/<script|src=|href="(?!#)|@import|url\((?!#)/);
  const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
});
