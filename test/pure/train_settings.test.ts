import { describe, expect, it } from "vitest";
import { flagOf } from "../../src/cli/flags.js";
import { scheduleOf } from "../../src/recipe/schedule_of.js";
import { presets } from "../../src/recipe/presets.js";
import { settingsOf } from "../../src/recipe/settings.js";

describe("settings of kiln train", () => {
  it("are the preset's, and flags win", () => {
    expect(settingsOf("nanogpt-cpu", {})).toEqual(presets["nanogpt-cpu"]);
    expect(settingsOf("small", { layers: 3, warmup: 7, minLr: 0 })).toEqual({ ...presets.small, layers: 3, warmup: 7, minLr: 0 });
  });

  it("keep the shape of the schedule when only its length or peak changes", () => {
    expect(settingsOf("nanogpt-cpu", { steps: 20, lr: 1e-2 })).toMatchObject({ steps: 20, warmup: 1, lr: 1e-2, minLr: 1e-3 });
    expect(settingsOf("small", { steps: 1 }).warmup).toBe(0);
    expect(settingsOf("small", { optimizer: "adam" }).weightDecay).toBe(0);
  });

  it("nanogpt-cpu is nanoGPT's schedule", () => {
    const { lr, minLr, warmup, steps } = presets["nanogpt-cpu"];
    const schedule = scheduleOf(presets["nanogpt-cpu"]);
    // get_lr of nanoGPT's train.py, written out.
    const reference = (t: number) => {
      if (t < warmup) return (lr * (t + 1)) / (warmup + 1);
      return minLr + 0.5 * (1 + Math.cos((Math.PI * (t - warmup)) / (steps - warmup))) * (lr - minLr);
    };
    for (const t of [0, 1, 50, 99, 100, 101, 1000, 1999, 2000]) expect(schedule.at(t)).toBeCloseTo(reference(t), 15);
    expect(schedule.at(5000)).toBe(minLr);
  });

  it.each(["constant", "linear"] as const)("%s decay ends where it should", (decay) => {
    const schedule = scheduleOf(settingsOf("small", { decay, steps: 100, warmup: 10, lr: 1, minLr: 0.1 }));
    expect(schedule.at(10)).toBe(1);
    expect(schedule.at(55)).toBeCloseTo(decay === "constant" ? 1 : 0.55, 12);
    expect(schedule.at(100)).toBe(decay === "constant" ? 1 : 0.1);
  });

  it.each<[string, Parameters<typeof settingsOf>[1], string]>([
    ["a schedule that turns negative in the middle", { steps: 300, schedule: "warmup({ steps: 5, to: 1e-3 }).then(linear({ to: -1, steps: 295 }))" }, "--schedule: a learning rate is from 0 to 1e+38, got -0.0023932203389830506 at step 6"],
    ["one that is too large for f32", { steps: 10, schedule: "1e39" }, "got 1e+39 at step 0"],
    ["one with an open start", { schedule: "cosine({ steps: 9 })" }, "--schedule: starts where another schedule ended"],
    ["an empty one", { schedule: " " }, "--schedule: the expression is empty"],
    ["one of the vectors that turns negative", { vectorSchedule: "linear({ from: 1, to: -1, steps: 4 })" }, "--vector-schedule: a learning rate is from 0 to 1e+38, got -0.5 at step 3"],
    ["betas where there are none", { optimizer: "sgd", betas: [0.9, 0.99] }, "--betas: sgd has none, got 0.9,0.99"],
  ])("%s is refused before the run", (_, flags, message) => {
    expect(() => settingsOf("small", flags, flagOf)).toThrow(message);
  });

  it("a schedule may turn negative after the end of the run", () => {
    expect(settingsOf("small", { steps: 5, schedule: "linear({ from: 1e-3, to: -1e-3, steps: 10 })" }).steps).toBe(5);
  });
});
