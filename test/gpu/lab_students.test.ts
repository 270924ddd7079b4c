// Small networks that learn from a teacher: what they learn, and that no run depends on the one before it.
import { Generator, schedule } from "kiln-gpu";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PrunedNet, pruned, withMasks } from "../../examples/lab/pruning.js";
import pruning from "../../examples/lab/pruning.js";
import fewShot from "../../examples/lab/few_shot.js";
import { decay } from "../../examples/lab/support/decays.js";
import { freshWeights, Net, partOf, Student, type Trained, type Weights } from "../../examples/lab/support/student.js";
import { batchOf, drawnBatches, examples, power, teacher } from "../../examples/lab/support/teacher.js";
import type { Device } from "../../src/gpu/device.js";
import type { Cell, Experiment } from "../../src/lab/index.js";
import { closeTestDevice, testDevice } from "../support/device.js";
import { benchOf } from "../support/lab.js";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});
afterAll(closeTestDevice);

const sizes = { inputs: 6, width: 16, outputs: 3 };
const random = new Generator(1);
const of = teacher({ inputs: 6, hidden: 8, outputs: 3 }, random);
const known = examples(of, { count: 256, random });
const test = examples(of, { count: 128, random });
const init = freshWeights(sizes, random);
const { signal } = new AbortController();
const run = (student: Student, options: { rate?: number; steps?: number; from?: Weights; rates?: schedule.Schedule[] } = {}): Promise<Trained> => {
  const { rate = 0.1, steps = 60, from = init, rates = decay("exponential", rate, steps) } = options;
  return student.train({ from, rates, steps, batches: drawnBatches(known, { steps, size: 16, seed: 5 }), signal });
};
const grouped = () => {
  const net = new Net(device, sizes);
  return new Student(device, net, [net.trunk.flatMap((layer) => layer.parameters()), net.head.parameters()]);
};

describe("a student", () => {
  it("learns the teacher", async () => {
    const student = new Student(device, new Net(device, sizes));
    const before = await student.score(batchOf(test), init);
    const { losses, lost, weights } = await run(student, { steps: 300 });
    const after = await student.score(batchOf(test));
    expect([losses.length, lost]).toEqual([300, false]);
    expect(before).toBeGreaterThan(0.7 * power(test));
    expect(after).toBeLessThan(0.1 * power(test));
    expect(await student.score(batchOf(test), weights)).toBe(after);
    const errors = await student.errors(batchOf(test));
    expect(errors.reduce((sum, error) => sum + error, 0) / 3).toBeCloseTo(after, 6);
  });

  it("starts anew: the same bits as a fresh one, after a run at another rate and after one that was lost", async () => {
    const used = grouped();
    await run(used, { rate: 0.5 });
    expect((await run(used, { rate: 1000 })).lost).toBe(true);
    expect(await run(used)).toEqual(await run(grouped()));
  });

  it("moves each group by its own schedule", async () => {
    const { weights } = await run(grouped(), { rates: [schedule.constant(0), schedule.constant(0.1)] });
    expect(partOf(weights, "trunk")).toEqual(partOf(init, "trunk"));
    expect(partOf(weights, "head")).not.toEqual(partOf(init, "head"));
  });

  it("is watched without being changed", async () => {
    const student = new Student(device, new Net(device, sizes));
    const plain = await run(student);
    const seen: number[] = [];
    const score = async (at: number) => void seen.push(at, await student.score(batchOf(test)));
    const watched = await student.train({ from: init, rates: decay("exponential", 0.1, 60), steps: 60, batches: drawnBatches(known, { steps: 60, size: 16, seed: 5 }), signal, watch: { every: 25, score } });
    expect(watched).toEqual(plain);
    expect(seen.filter((_, i) => i % 2 === 0)).toEqual([0, 25, 50, 60]);
    expect(seen[7]).toBeLessThan(seen[1]!);
  });

  it("keeps pruned weights at zero while the others learn", async () => {
    const student = new Student(device, new PrunedNet(device, sizes));
    const start = pruned(withMasks(init));
    const { weights, losses } = await run(student, { from: start });
    for (const [i, name] of ["trunk0", "trunk1", "head"].entries()) {
      const [mask, before, after] = [start[`mask${i}`]!.data, start[`${name}.weight`]!.data, weights[`${name}.weight`]!.data];
      expect(Array.from(after).every((value, at) => mask[at] !== 0 || value === 0)).toBe(true);
      expect(Array.from(after).some((value, at) => mask[at] !== 0 && value !== before[at])).toBe(true);
      expect(weights[`mask${i}`]).toEqual(start[`mask${i}`]);
    }
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
  });
});

describe("cells", () => {
  it.each<[string, Experiment, Cell, Cell]>([
    ["few-shot", fewShot, { halfLife: 4, shape: "exponential", seed: 1 }, { halfLife: 16, shape: "level", seed: 1 }],
    ["pruning", pruning, { length: 40, start: 10, ramp: true, seed: 1 }, { length: 40, start: 1, ramp: false, seed: 1 }],
  ])("of %s give the same bits alone and after another", async (_, experiment, one, other) => {
    const alone = await experiment.measure(one, benchOf(device));
    const shared = benchOf(device);
    await experiment.measure(other, shared);
    expect(await experiment.measure(one, shared)).toEqual(alone);
    expect(Object.values(alone).flat().every((value) => typeof value === "number" && Number.isFinite(value))).toBe(true);
  });
});
