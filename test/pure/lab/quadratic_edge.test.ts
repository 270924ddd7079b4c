import { expect, it } from "vitest";
import one from "../../../examples/lab/quadratic_edge.js";
import { conclude, keyOf, type CellResult } from "../../../src/lab/index.js";

const results = (growth: (share: number, warmup: number) => number) =>
  one.cells("small").map((cell) => ({ cell, result: { growth: growth(cell.share as number, cell.warmup as number), curve: [1, 2] } as CellResult }));

it("has each cell once", () => {
  for (const size of ["small", "full"] as const) expect(new Set(one.cells(size).map(keyOf)).size).toBe(one.cells(size).length);
});

it("confirms an edge at 2 / lambda", () => {
  expect(conclude(one, results((share) => share - 0.001), "small")).toMatchObject({ verdict: "confirmed", findings: { values: { stable: [0.99, 0.99, 0.99], diverging: [1.01, 1.01, 1.01], warmed: [1.01, 1.01, 1.01] } } });
});

it("is contradicted by a warmup that saves rates past the edge, and by an edge that lies lower", () => {
  expect(conclude(one, results((share, warmup) => (warmup > 0 ? 0.5 : share - 0.001)), "small").verdict).toBe("contradicted");
  expect(conclude(one, results((share) => share * 1.2), "small").verdict).toBe("contradicted");
});

it("counts a mode that is no number as one that diverged", () => {
  expect(conclude(one, results((share) => (share > 1 ? NaN : 0.1)), "small").verdict).toBe("confirmed");
});
