// Every suite of the benchmarks once, at small sizes, without peers: what they report, not how fast it was.
import { describe, expect, it } from "vitest";
import { Bench, type Case } from "../../src/bench/bench.js";
import type { Contender, Engine } from "../../src/bench/engine.js";
import { KilnEngine } from "../../src/bench/engines/kiln/engine.js";
import { DeviceProbe } from "../../src/bench/probe.js";
import type { Measurement } from "../../src/bench/row.js";
import type { SamplingOptions } from "../../src/bench/sampling.js";
import type { KernelSpec } from "../../src/bench/specs/kernels.js";
import type { OptimizerSpec } from "../../src/bench/specs/optimizers.js";
import type { TrainingSpec } from "../../src/bench/specs/training.js";
import { casesOf } from "../../src/bench/suites/index.js";
import { testDevice } from "../support/device.js";

const sampling: SamplingOptions = { samples: 2, least_ms: 0, slow_ms: 1e6, fewSamples: 2 };

async function measure(cases: readonly Case[], peersOf: (kiln: KilnEngine) => Engine[] = () => []): Promise<Measurement[]> {
  const device = await testDevice();
  const kiln = new KilnEngine(device, "0.0.0", true);
  const rows: Measurement[] = [];
  const { liveBytes } = device.memory();
  await new Bench(kiln, peersOf(kiln), { sampling, isQuick: true, patience_ms: 1e9, report: (row) => rows.push(row), progress: () => {} }).run(cases);
  expect(device.memory().liveBytes, "bytes left behind").toBe(liveBytes);
  return rows;
}

const quickCases = (name: string) => casesOf({ names: [name], isQuick: true });

function expectSound(rows: readonly Measurement[]): void {
  for (const { error, median, name, shape, contender } of rows) {
    expect(error, `${name} ${shape} ${contender}`).toBeUndefined();
    expect(median, `${name} ${shape} ${contender}`).toBeGreaterThan(0);
  }
}

describe("kiln bench", () => {
  it("measures optimizers in three ways beside a copy, with equal results, and a fused step that creates nothing", async () => {
    const rows = await measure(quickCases("optimizers"));
    expectSound(rows);
    expect(new Set(rows.filter(({ suite }) => suite === "optimizers").map(({ contender }) => contender))).toEqual(new Set(["kiln", "kiln, per tensor", "kiln, per op", "copy"]));
    expect(rows.filter(({ suite, name }) => suite === "kernels" && ["copy", "arithmetic"].includes(name))).toHaveLength(2);
    for (const { contender, calls, shape } of rows) {
      if (contender === "kiln" && calls) expect(calls, shape).toMatchObject({ dispatches: 3, submits: 1, pipelines: 0, buffers: 0, bindGroups: 0, readbacks: 0 });
      if (contender === "kiln, per tensor") expect(calls!.dispatches).toBe(3 * Number(shape.split(" in ")[1]));
    }
    const scheduled = rows.find(({ name, contender }) => name === "AdamW step, scheduled rate" && contender === "kiln")!;
    expect(scheduled.calls!.pipelines, "a changing rate compiles nothing").toBe(0);
  });

  it("measures every kernel, forward and backward, against what it costs at least", async () => {
    const rows = await measure(quickCases("kernels"));
    expectSound(rows);
    const names = new Set(rows.map(({ name }) => name));
    for (const op of ["layer-norm", "batch-norm", "cross-entropy", "attention", "embedding", "dropout"]) for (const way of ["forward", "forward+backward"]) expect(names).toContain(`${op} ${way}`);
    for (const { name, flops = 0, bytes = 0, floorShare } of rows) {
      if (name === "copy" || name === "arithmetic") continue;
      expect(flops + bytes, name).toBeGreaterThan(0);
      expect(floorShare, name).toBeGreaterThan(0);
    }
  });

  it("measures a training step whose losses fall, in one submit", async () => {
    const rows = await measure(quickCases("step"));
    expectSound(rows);
    const step = rows.find(({ name }) => name === "training step")!;
    expect(step.values).toHaveLength(10);
    expect(step.values!.at(-1)!).toBeLessThan(step.values![0]!);
    expect(step.calls).toMatchObject({ submits: 1, pipelines: 0, buffers: 0, readbacks: 0 });
    expect(rows.map(({ name }) => name)).toContain("host time a step");
  });

  it("reports a peer that computes something else, or breaks, and goes on", async () => {
    const peer = (kiln: KilnEngine) => [new WrongEngine(kiln)];
    const kernels = await measure(casesOf({ names: ["layer-norm", "batch-norm"], isQuick: true }), peer);
    const of = (name: string) => kernels.find((row) => row.name === name && row.contender === "tfjs")!;
    expect(of("layer-norm forward").error).toMatch(/^wrong result: .* away from Kiln's/);
    expect(of("layer-norm forward").median).toBeGreaterThan(0);
    expect(of("batch-norm forward")).toMatchObject({ median: null, error: "no such op" });
    const [first] = (await measure(quickCases("step"), peer)).filter(({ contender }) => contender === "tfjs");
    expect(first!.error).toMatch(/^wrong losses/);
    const steps = await measure(casesOf({ names: ["optimizers"], isQuick: true, filter: "sgd" }), peer);
    for (const { contender, error } of steps) expect(error?.startsWith("wrong result") ?? false, contender).toBe(contender === "tfjs");
  });
});

/** Kiln under another's name, with results that are off by a hundredth. */
class WrongEngine implements Engine {
  readonly name = "tfjs";
  readonly version = "0.0.0";
  readonly probe: DeviceProbe;

  constructor(private readonly kiln: KilnEngine) {
    this.probe = kiln.probe;
  }

  kernel(spec: KernelSpec): Contender {
    if (spec.shape.op === "batchNorm") throw new Error("no such op");
    return off(this.kiln.kernel(spec));
  }

  optimizer(spec: OptimizerSpec): Contender {
    return off(this.kiln.optimizer(spec));
  }

  training(spec: TrainingSpec): Contender {
    return off(this.kiln.training(spec));
  }

  close(): void {}
}

function off(contender: Contender): Contender {
  return {
    run: () => contender.run(),
    finished: () => contender.finished(),
    outputs: async () => (await contender.outputs()).map((array) => array.map((value) => 1.01 * value)),
    dispose: () => contender.dispose(),
  };
}
