// The order and the bookkeeping of samples, with contenders that only wait.
import { describe, expect, it } from "vitest";
import type { Contender } from "../../src/bench/engine.js";
import type { DeviceProbe } from "../../src/bench/probe.js";
import { sample, type Entrant, type SamplingOptions } from "../../src/bench/sampling.js";

const options: SamplingOptions = { samples: 4, least_ms: 2, slow_ms: 1000, fewSamples: 2 };

/** Takes `each_ms` for each repetition queued; sleeps first as a device probe does. */
function waiter(name: string, each_ms: number, log: string[] = []): Entrant {
  const probe = { wake_ms: 0, awoke_ms: 0 };
  let queued = 0;
  let runs = 0;
  const contender: Contender = {
    run() {
      queued++;
      if (++runs === 1) queued += 4; // the first repetition compiles
    },
    async finished() {
      log.push(name);
      const end = performance.now() + queued * each_ms;
      const slept = probe.wake_ms - performance.now();
      if (slept > 1) {
        await new Promise((resolve) => setTimeout(resolve, slept));
        probe.awoke_ms = performance.now();
      }
      while (performance.now() < end);
      queued = 0;
    },
    outputs: () => Promise.resolve([]),
    dispose() {},
  };
  return { name, contender, engine: { probe: probe as unknown as DeviceProbe } };
}

describe("sample", () => {
  it("takes turns", async () => {
    const log: string[] = [];
    await sample([waiter("a", 0.2, log), waiter("b", 0.2, log)], { ...options, least_ms: 0 });
    expect(log.slice(-8)).toEqual(["a", "b", "a", "b", "a", "b", "a", "b"]);
  });

  it("repeats short work until a sample is long enough, and divides", async () => {
    const [timing] = await sample([waiter("a", 0.2)], { ...options, least_ms: 8 });
    expect(timing!.inner).toBeGreaterThanOrEqual(10);
    expect(timing!.times).toHaveLength(4);
    for (const time of timing!.times) expect(time).toBeGreaterThan(0.19);
  });

  it("keeps the first repetition apart", async () => {
    const [timing] = await sample([waiter("a", 4)], options);
    expect(timing!.first_ms).toBeGreaterThan(19);
    expect(Math.min(...timing!.times)).toBeLessThan(timing!.first_ms / 2);
  });

  it("takes fewer samples of slow work", async () => {
    const timings = await sample([waiter("fast", 1), waiter("slow", 12)], { ...options, slow_ms: 6 });
    expect(timings.map(({ times }) => times.length)).toEqual([4, 2]);
  });

  it("does not measure its own sleep when the work gets faster", async () => {
    const entrant = waiter("a", 40);
    const { contender } = entrant;
    let runs = 0;
    const faster: Entrant = { ...entrant, contender: { ...contender, run: () => void (++runs > 3 || contender.run()), finished: () => contender.finished() } };
    const [timing] = await sample([faster], options);
    expect(Math.max(...timing!.times)).toBeLessThan(20);
  });

  it("reports what throws, and goes on with the others", async () => {
    const broken = waiter("broken", 1);
    let runs = 0;
    broken.contender.run = () => {
      if (++runs > 6) throw new Error("no such kernel\n  at line 3");
    };
    const timings = await sample([broken, waiter("sound", 1)], options);
    expect(timings[0]!.error).toBe("no such kernel");
    expect(timings[1]!.error).toBeNull();
    expect(timings[1]!.times).toHaveLength(4);
  });
});
