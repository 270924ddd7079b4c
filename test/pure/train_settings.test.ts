import { describe, expect, it } from "vitest";
import { scheduleOf } from "../../src/cli/model_of.js";
import { presets, settingsOf } from "../../src/cli/train_settings.js";

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
});
