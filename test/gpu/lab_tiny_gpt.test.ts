import { describe, expect, it } from "vitest";
import grid from "../../examples/lab/warmup_grid.js";
import { Chain, floor } from "../../examples/lab/support/chain.js";
import { testDevice } from "../support/device.js";
import { benchOf } from "../support/lab.js";

describe("warmup-grid", () => {
  it("learns the chain at a good rate, not at a high one, with the same bits after another cell and on a fresh model", async () => {
    const device = await testDevice();
    const cell = { norm: "pre", adam: "Adam", rate: 2 ** -6, warmup: 4, seed: 1 };
    const workbench = benchOf(device);
    const good = await grid.measure(cell, workbench);
    expect(good.final).toBeLessThan(floor + 0.3);
    const high = await grid.measure({ ...cell, rate: 0.5, warmup: 0 }, workbench);
    expect(high.final).not.toBeLessThan(2);
    expect(await grid.measure(cell, workbench)).toEqual(good);
    expect(await grid.measure(cell, benchOf(device))).toEqual(good);
    expect(await grid.measure({ ...cell, seed: 2 }, workbench)).not.toEqual(good);
  });
});

describe("the chain", () => {
  it("gives the same batches for a seed, and follows its rule as often as it says", () => {
    const [a, b] = [new Chain(16, 64, 1).next(), new Chain(16, 64, 1).next()];
    expect(a).toEqual(b);
    const follows = new Map<number, Map<number, number>>();
    a.tokens.forEach((token, i) => {
      const row = follows.get(token) ?? new Map<number, number>();
      row.set(a.targets[i]!, (row.get(a.targets[i]!) ?? 0) + 1);
      follows.set(token, row);
    });
    const ruled = [...follows.values()].reduce((sum, row) => sum + Math.max(...row.values()), 0) / a.tokens.length;
    expect(ruled).toBeGreaterThan(0.82);
    expect(ruled).toBeLessThan(0.9);
  });
});
