import { expect, it } from "vitest";
import one from "../../examples/lab/quadratic_edge.js";
import type { Workbench } from "../../src/lab/index.js";
import { testDevice } from "../support/device.js";

it("a mode grows by |1 - rate x curvature| a step, again with the same bits, also after another cell", async () => {
  const device = await testDevice();
  const workbench: Workbench = { device, size: "small", signal: new AbortController().signal, shared: (_, make) => make() };
  const measure = async (share: number, warmup: number) => (await one.measure({ share, warmup, seed: 1 }, workbench)) as { growth: number; curve: number[] };
  const first = await measure(1.01, 20);
  expect(first.growth).toBeGreaterThan(0.95 * 1.02 ** 400);
  expect(first.growth).toBeLessThan(1.05 * 1.02 ** 400);
  expect((await measure(0.99, 0)).growth).toBeLessThan(1.05 * 0.98 ** 400);
  expect(await measure(1.01, 20)).toEqual(first);
});
