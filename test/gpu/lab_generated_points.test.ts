// Cells of the experiments on generated points, measured for real: the same bits whenever they are measured.
import { describe, expect, it } from "vitest";
import architectureScreening from "../../examples/lab/architecture_screening.js";
import ddpm from "../../examples/lab/ddpm.js";
import denseSparseHeads from "../../examples/lab/dense_sparse_heads.js";
import infonceTemperature from "../../examples/lab/infonce_temperature.js";
import spacedRepetition from "../../examples/lab/spaced_repetition.js";
import type { Cell, CellResult, Experiment, Workbench } from "../../src/lab/index.js";
import { testDevice } from "../support/device.js";

async function workbench(): Promise<Workbench> {
  const made = new Map<string, unknown>();
  const shared = <T>(key: string, make: () => T): T => {
    if (!made.has(key)) made.set(key, make());
    return made.get(key) as T;
  };
  return { device: await testDevice(), size: "small", signal: new AbortController().signal, shared };
}

/** Two cells that share a model, and what the first must show. */
const pairs: [Experiment, Cell, Cell, (result: CellResult) => void][] = [
  [infonceTemperature, { power: 1, rate: 2, seed: 1 }, { power: 0, rate: 512, seed: 2 }, ({ loss }) => expect(loss).toBeLessThan(1.5)],
  [ddpm, { decay: "step", peak: 0.025, seed: 1 }, { decay: "cosine", peak: 0.16, seed: 1 }, ({ excess }) => expect(Math.max(...(excess as number[]))).toBeLessThan(0.3)],
  [spacedRepetition, { halfLife: 1, rate: 0.37, seed: 1 }, { halfLife: 0, rate: 1, seed: 1 }, ({ rule }) => expect(rule).toBeLessThan(1)],
  [architectureScreening, { candidate: "2 layers", seed: 1 }, { candidate: "2 layers", seed: 2 }, ({ highest, loss }) => {
    expect(highest).toBeGreaterThanOrEqual(0.25);
    expect(loss).toBeLessThan(Math.log(4) / 2);
  }],
  // The answer 1/2 for 256 proposals: their mean loss is ln 2, up to what small output weights add.
  [denseSparseHeads, { head: "sparse", warmup: true, seed: 1 }, { head: "sparse", warmup: false, seed: 2 }, ({ first, highest }) => {
    expect(Math.abs((first as number) - Math.LN2)).toBeLessThan(0.1);
    expect(highest).toBeGreaterThanOrEqual(0.125);
  }],
];

describe.each(pairs.map(([one, cell, other, shows]) => ({ name: one.name, one, cell, other, shows })))("$name", ({ one, cell, other, shows }) => {
  it("gives a cell the same bits after another one ran, and shows what it must", async () => {
    expect(one.cells("small")).toContainEqual(cell);
    expect(one.cells("small")).toContainEqual(other);
    const first = await one.measure(cell, await workbench());
    shows(first);
    const used = await workbench();
    await one.measure(other, used);
    expect(await one.measure(cell, used)).toEqual(first);
  });

  it("stops where it is told to", async () => {
    const controller = new AbortController();
    controller.abort(new Error("enough"));
    await expect(one.measure(cell, { ...(await workbench()), signal: controller.signal })).rejects.toThrow("enough");
  });
});
