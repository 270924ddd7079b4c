import { describe, expect, it } from "vitest";
import { chromeTrace, profileTable, type Profile } from "../../src/profile/index.js";
import { quantisationError, quantumOf } from "../../src/profile/quantum.js";

const profile: Profile = {
  adapter: "an adapter",
  runs: 4,
  step_ms: 12,
  host_ms: 0.5,
  kernels_ms: 10,
  quantum_ns: 65536,
  peaks: { bytesPerSecond: 20e9, flopsPerSecond: 100e9 },
  kernels: [
    { kernel: "matmul", calls: 2, ms: 9, ms_error: 0.02, bytes: 9e6, flops: 450e6, ofRoofline: 0.5, boundBy: "arithmetic" },
    { kernel: `map[${"x".repeat(80)}]`, calls: 1.5, ms: 1, ms_error: 0.01, bytes: 1e6, flops: 0, ofRoofline: 0.05, boundBy: "memory" },
  ],
  dispatches: [
    { kernel: "matmul[TILE=8]", begin_ns: 0, duration_ns: 4.5e6, grid: [4, 1, 1], bytes: 4.5e6, flops: 225e6 },
    { kernel: "map", begin_ns: 4.5e6, duration_ns: 1e6, grid: [65535, 2, 1], bytes: 1e6, flops: 0 },
  ],
};

describe("timestamps", () => {
  it("find the step in which they count", () => {
    expect(quantumOf([30736303652864n, 30736308043776n, 30736308174848n])).toBe(65536);
    expect(quantumOf([100n, 250n, 1000n])).toBe(50);
    expect(quantumOf([1700000000000000017n, 1700000000000001001n])).toBe(1);
    expect([quantumOf([]), quantumOf([0n, 0n])]).toEqual([1, 1]);
  });

  it("have the standard error of two rounded ends", () => {
    // A million durations of 10.3 steps with random phase.
    let state = 1;
    const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
    const count = 20000;
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < count; i++) {
      const begin = random() * 10;
      const error = Math.floor(begin + 10.3) - Math.floor(begin) - 10.3;
      sum += error;
      squares += error * error;
    }
    expect(Math.abs(sum / count)).toBeLessThan(0.02);
    expect(Math.sqrt(squares / count)).toBeLessThan(1.2 * Math.sqrt(6) * quantisationError(1e6, 1) * 1e-6);
    expect(quantisationError(65536, 100)).toBeCloseTo(65536 / Math.sqrt(600));
    expect(quantisationError(1, 3)).toBe(0);
  });
});

describe("profileTable", () => {
  it("aligns its columns, cuts long names and says what it measured", () => {
    const lines = profileTable(profile).split("\n");
    expect(lines[1]).toMatch(/^matmul +2 +9.000 ±0.020 +90% +1.0 +50.0 +50% +arithmetic$/);
    expect(lines[2]).toMatch(/^map\[x+… +1.5 +1.000 ±0.010 +10% +1.0 +- +5.0% +memory$/);
    expect(new Set(lines.slice(0, 3).map((line) => line.length)).size).toBe(1);
    expect(lines.slice(4).join("\n")).toBe(
      "step 12.00 ms: 1.20 times its 3.5 dispatches' 10.00 ms; host 0.50 ms\n" +
        "peaks 20.0 GB/s, 100.0 GFLOP/s (a copy and chains of multiply-adds, measured here)\n" +
        "an adapter, mean of 4 runs; its timestamps count in steps of 65.5 µs",
    );
  });
});

describe("profileTable of kernels too short for the clock", () => {
  it("divides nothing by nothing", () => {
    const [kernel] = profile.kernels;
    const table = profileTable({ ...profile, runs: 1, kernels_ms: 0, kernels: [{ ...kernel!, ms: 0, ofRoofline: null }] });
    expect(table).toMatch(/^matmul +2 +0.000 ±0.020 +- +- +- +- +arithmetic$/m);
    expect(table).toContain("step 12.00 ms: many times its 2 dispatches' 0.00 ms");
    expect(table).toContain("an adapter, one run; ");
  });
});

describe("chromeTrace", () => {
  it("has one complete event a dispatch, in microseconds, in order", () => {
    const { traceEvents, otherData } = JSON.parse(JSON.stringify(chromeTrace(profile))) as { traceEvents: Record<string, unknown>[]; otherData: object };
    const events = traceEvents.filter(({ ph }) => ph === "X");
    expect(events).toEqual([
      { ph: "X", pid: 1, tid: 1, name: "matmul", cat: "kernel", ts: 0, dur: 4500, args: { variant: "matmul[TILE=8]", workgroups: "4 x 1 x 1", bytes: 4.5e6, flops: 225e6 } },
      { ph: "X", pid: 1, tid: 1, name: "map", cat: "kernel", ts: 4500, dur: 1000, args: { variant: "map", workgroups: "65535 x 2 x 1", bytes: 1e6, flops: 0 } },
    ]);
    expect(traceEvents[0]).toMatchObject({ ph: "M", name: "process_name", args: { name: "an adapter" } });
    expect(otherData).toEqual({ adapter: "an adapter", step_ms: 12, kernels_ms: 10 });
  });
});
