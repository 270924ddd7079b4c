// Random runs of an optimizer beside a model of it on the host.
import { describe, expect, it } from "vitest";
import { fromArray } from "../../src/ops/index.js";
import { SGD, type OptimizerSnapshot } from "../../src/optim/index.js";
import { linear, type Schedule } from "../../src/schedule/index.js";
import { testDevice } from "../support/device.js";
import { testRandom } from "../support/nd.js";
import { giveGradient } from "../support/optim_gradients.js";

describe("any order of steps, skips, edits, reads, snapshots and loads", () => {
  /** A run beside a model of it on the host: the rates of every step taken, and a scalar. */
  async function wander(groups: number, seed: number): Promise<void> {
    const device = await testDevice();
    const random = testRandom(seed);
    const params = Array.from({ length: groups }, () => fromArray(device, [0], { requiresGrad: true }));
    const capacity = Math.floor(4095 / (2 + 2 * groups));
    let now = {
      rates: params.map((_, i): number | Schedule => linear({ from: i + 1, to: 0.5, steps: 200 + i })),
      scalar: linear({ from: 0, to: 1, steps: 333 }) as Schedule,
      step: 0,
      skipped: 0,
      // Since the counter was last read: more than half a table would be too many.
      unread: 0,
      taken: [] as { step: number; lr: number[] }[],
    };
    const rateAt = (rate: number | Schedule, t: number) => Math.fround(typeof rate === "number" ? rate : rate.at(t));
    const optimizer = new SGD(params.map((param, i) => ({ params: [param], lr: now.rates[i]! })));
    const scalar = optimizer.scalar("s", now.scalar);
    let snapshot: OptimizerSnapshot | null = null;
    let then = now;
    const step = () => {
      const bad = random.uniform() < 0.15 && now.unread < capacity / 2 - 2;
      giveGradient(params[0]!, [bad ? NaN : 1]);
      optimizer.step();
      if (bad) now = { ...now, unread: now.unread + 1, skipped: now.skipped + 1 };
      else now = { ...now, step: now.step + 1, taken: [...now.taken, { step: now.step, lr: now.rates.map((rate) => rateAt(rate, now.step)) }] };
    };
    const acts: [number, () => void | Promise<void>][] = [
      [0.85, step],
      [0.03, () => {
        const group = Math.floor(random.uniform() * groups);
        const rate = random.uniform() < 0.5 ? random.uniform() : linear({ from: random.uniform(), to: random.uniform(), steps: 100 });
        now = { ...now, rates: now.rates.map((old, i) => (i === group ? rate : old)) };
        optimizer.paramGroups[group]!.lr = rate;
      }],
      [0.02, () => void optimizer.scalar("s", (now = { ...now, scalar: linear({ from: random.uniform(), to: random.uniform(), steps: 400 }) }).scalar)],
      [0.01, () => {
        snapshot?.dispose();
        snapshot = optimizer.snapshot();
        then = now;
      }],
      [0.01, () => {
        if (!snapshot) return;
        snapshot.restore();
        now = then;
      }],
      [0.01, async () => expect(await scalar.item()).toBe(rateAt(now.scalar, now.step))],
      [0.02, async () => {
        expect(await optimizer.stats()).toMatchObject({ step: now.step, skipped: now.skipped });
        now = { ...now, unread: 0 };
      }],
      [0.01, () => void optimizer.stats().catch(() => {})],
      [0.01, async () => {
        optimizer.loadStateDict(await optimizer.stateDict());
        now = { ...now, unread: 0, taken: [] };
      }],
      [0.03, () => device.sync()],
    ];
    for (const param of params) giveGradient(param, [1]);
    for (let i = 0; i < 500; i++) {
      let left = random.uniform();
      await acts.find(([share]) => (left -= share) < 0)?.[1]();
    }
    const rows = Math.min(1024, Math.floor(65536 / (4 * (4 + groups))));
    expect((await optimizer.history()).map(({ step, lr }) => ({ step, lr }))).toEqual(now.taken.slice(-rows));
    expect(await optimizer.stats()).toMatchObject({ step: now.step, skipped: now.skipped });
    (snapshot as OptimizerSnapshot | null)?.dispose();
    optimizer.dispose();
  }

  it.each([[1, 1], [1, 2], [1, 3], [40, 4], [40, 5], [130, 6]])("uses the rates of the step it takes: %i groups, seed %i", wander);
});
