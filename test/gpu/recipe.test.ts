// The parts of a run, from its settings.
import { expect, it } from "vitest";
import { GPT } from "../../src/nn/index.js";
import { modelOptions, optimizerOf } from "../../src/recipe/model_of.js";
import { parameterCountOf } from "../../src/recipe/parameter_count.js";
import { settingsOf } from "../../src/recipe/settings.js";
import { testDevice } from "../support/device.js";
import { giveGradient } from "../support/optim_gradients.js";

const device = await testDevice();
const tiny = { layers: 1, heads: 1, width: 8, block: 4, bias: true, steps: 10 };

it("biases and norms may have a schedule of their own", async () => {
  const settings = settingsOf("small", { ...tiny, schedule: "1e-3", vectorSchedule: "linear({ from: 4e-3, to: 0, steps: 4 })" });
  const model = new GPT(device, { ...modelOptions(settings, 5), seed: 1 });
  const optimizer = optimizerOf(model, settings);
  const rates: number[][] = [];
  for (let step = 0; step < 3; step++) {
    for (const parameter of model.parameters()) giveGradient(parameter, new Float32Array(parameter.size).fill(1));
    optimizer.step();
    rates.push([...(await optimizer.stats()).lr]);
  }
  expect(rates).toEqual([[1e-3, 4e-3], [1e-3, 3e-3], [1e-3, 2e-3]].map((row) => row.map(Math.fround)));
});

it("a model without norms has none", () => {
  const settings = settingsOf("small", { ...tiny, bias: false, normType: "none" });
  const model = new GPT(device, { ...modelOptions(settings, 5), seed: 1 });
  expect([...model.namedParameters().keys()].filter((name) => /ln/.test(name))).toEqual([]);
});

it.each([{}, { bias: false }, { tied: false, layers: 3 }, { norm: "post" as const }, { normType: "rms" as const }, { normType: "none" as const, bias: false }])("counts the parameters of %j without making the model", (changes) => {
  const settings = settingsOf("small", { ...tiny, ...changes });
  const model = new GPT(device, { ...modelOptions(settings, 11), seed: 1 });
  expect(parameterCountOf(settings, 11)).toBe(model.parameterCount());
  model.dispose();
});
